-- Windows over evidence, by occurred_at: [starts_at, ends_at). Bounds never change; what was measured does, when labels come late.
create table monitoring_windows (
  project_id uuid not null,
  function text not null,
  position integer not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  -- When the last of its rows happened.
  latest_at timestamptz not null,
  -- How many rows the measures saw; another number means measure again.
  requests integer not null,
  labelled integer not null,
  agreed integer not null,
  detail jsonb not null,
  primary key (project_id, function, position)
);

-- One row is one cause, however many windows show it.
create table monitoring_alerts (
  project_id uuid not null,
  id uuid not null,
  function text not null,
  family text not null,
  cause text not null,
  title text not null,
  status text not null check (status in ('open', 'acknowledged', 'resolved')),
  owner text not null,
  playbook text not null,
  signals jsonb not null,
  workflow_id text,
  -- The newest window when it was resolved: only a clean window after it lets the cause open again.
  resolved_position integer,
  note text,
  primary key (project_id, id)
);
create unique index monitoring_alerts_active on monitoring_alerts (project_id, function, family) where status <> 'resolved';

create table monitoring_alert_windows (
  project_id uuid not null,
  alert_id uuid not null,
  position integer not null,
  primary key (project_id, alert_id, position)
);

select storage_protect('monitoring_windows');
select storage_protect('monitoring_alerts');
select storage_protect('monitoring_alert_windows');
