-- One training experiment each. `dataset` is `name@version`; `metrics` is null until it succeeded.
create table models_runs (
  project_id uuid not null,
  id uuid not null,
  model text not null,
  trainer text not null,
  dataset text not null,
  parameters jsonb not null,
  seed bigint not null,
  status text not null check (status in ('running', 'succeeded', 'failed')),
  error text,
  version integer,
  metrics jsonb,
  train_seconds double precision,
  git_commit text,
  environment jsonb not null,
  workflow_id text,
  created_by text not null,
  primary key (project_id, id)
);
create index models_runs_model on models_runs (project_id, model, id);

-- One row a name; taking the next version number locks it, so that two workflows never get the same.
create table models_models (
  project_id uuid not null,
  id uuid not null,
  name text not null,
  latest_version integer not null,
  primary key (project_id, name)
);

-- Immutable. `hash` names the blob of the ONNX file.
create table models_versions (
  project_id uuid not null,
  id uuid not null,
  model text not null,
  version integer not null,
  hash text not null,
  bytes bigint not null,
  signature jsonb not null,
  card text not null,
  dataset text not null,
  run_id uuid,
  metrics jsonb,
  created_by text not null,
  primary key (project_id, id),
  unique (project_id, model, version)
);

create table models_aliases (
  project_id uuid not null,
  model text not null,
  alias text not null,
  version integer not null,
  primary key (project_id, model, alias),
  foreign key (project_id, model, version) references models_versions (project_id, model, version)
);

create table models_alias_history (
  project_id uuid not null,
  id uuid not null,
  model text not null,
  alias text not null,
  from_version integer,
  to_version integer not null,
  reason text not null,
  changed_by text not null,
  primary key (project_id, id)
);
create index models_alias_history_model on models_alias_history (project_id, model, id);

select storage_protect('models_runs');
select storage_protect('models_models');
select storage_protect('models_versions');
select storage_protect('models_aliases');
select storage_protect('models_alias_history');

-- What was registered, and what an alias once named, stays as it was.
revoke update, delete on models_versions, models_alias_history from millrace_app;
