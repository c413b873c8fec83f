-- Nodes, leases and schedules belong to the installation, not to a project: they have no project_id, and only millrace_system sees them.

-- One row per process that was started; its executor id is fresh, so that the work of a dead process can be told from a live one's.
create table jobs_nodes (
  executor_id text primary key,
  node_id text not null,
  role text not null,
  host text not null,
  config_hash text not null,
  version text not null,
  ready_bindings jsonb not null default '[]',
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now(),
  taken_by text,
  taken_at timestamptz
);

create table jobs_leases (
  name text primary key,
  holder text not null,
  expires_at timestamptz not null
);

create table jobs_schedules (
  name text primary key,
  every_ms integer not null,
  last_run_at timestamptz
);

grant select, insert, update, delete on jobs_nodes, jobs_leases, jobs_schedules to millrace_system;

create table jobs_events (
  project_id uuid not null,
  id uuid not null,
  type text not null,
  subject text not null,
  payload jsonb not null,
  primary key (project_id, id)
);

-- Effects of steps, written in the effect's own transaction: a step that runs again finds its row and does nothing.
create table jobs_effects (
  project_id uuid not null,
  workflow_id text not null,
  step text not null,
  result jsonb,
  primary key (project_id, workflow_id, step)
);

-- What somebody wants done to a workflow. Written with its audit entry; the call to the engine follows and may be repeated.
create table jobs_intents (
  project_id uuid not null,
  id uuid not null,
  workflow_id text not null,
  action text not null check (action in ('cancel', 'resume')),
  done_at timestamptz,
  primary key (project_id, id)
);
create index jobs_intents_open on jobs_intents (project_id, workflow_id, id) where done_at is null;

select storage_protect('jobs_events');
select storage_protect('jobs_effects');
select storage_protect('jobs_intents');
