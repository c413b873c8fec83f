-- What got which traffic, stage by stage. The newest row of a function is active; a closed one keeps the requests it saw.
create table release_releases (
  project_id uuid not null,
  id uuid not null,
  function text not null,
  stage text not null check (stage in ('stable', 'shadow', 'canary', 'promoted', 'rolled-back')),
  arms jsonb not null,
  -- The stable arm before this row's; where a rollback goes. Null when there is none before.
  before_stable jsonb,
  retraining_id uuid,
  requests bigint,
  hold_requests integer,
  reason text not null,
  created_by text not null,
  active boolean not null default true,
  primary key (project_id, id)
);
create unique index release_releases_active on release_releases (project_id, function) where active;
create index release_releases_function on release_releases (project_id, function, id);

-- One way from data to a better binding. Its id is its workflow's id.
create table release_retrainings (
  project_id uuid not null,
  id uuid not null,
  function text not null,
  trigger text not null,
  stage text not null check (stage in ('curate', 'train', 'evaluate', 'gate', 'shadow', 'canary', 'promoted', 'rolled-back', 'stopped', 'failed')),
  dataset text,
  model_version integer,
  evaluation_id uuid,
  verdict text,
  reason text,
  binding text,
  previous_binding text,
  release_id uuid,
  updated_at timestamptz not null default now(),
  primary key (project_id, id)
);
-- One at a time for a function.
create unique index release_retrainings_open on release_retrainings (project_id, function)
  where stage in ('curate', 'train', 'evaluate', 'gate', 'shadow', 'canary');
create index release_retrainings_function on release_retrainings (project_id, function, id);

select storage_protect('release_releases');
select storage_protect('release_retrainings');
