-- The blob of what each row held back cost, by which two runs are compared; null of runs that left none.
alter table models_runs add column row_losses text;

-- A search over trainers and their parameters. `metric` is null until the dataset said what is to be learned; `result` until it ended.
create table models_experiments (
  project_id uuid not null,
  id uuid not null,
  model text not null,
  dataset text not null,
  request jsonb not null,
  metric text,
  status text not null check (status in ('running', 'succeeded', 'failed')),
  error text,
  result jsonb,
  workflow_id text not null,
  created_by text not null,
  primary key (project_id, id)
);

-- Every trial of a search, those that failed or were set aside too. `row_losses` is a blob, as of runs.
create table models_trials (
  project_id uuid not null,
  experiment_id uuid not null,
  number integer not null,
  trainer text not null,
  parameters jsonb not null,
  seed bigint not null,
  share double precision not null,
  status text not null check (status in ('succeeded', 'pruned', 'failed')),
  reason text,
  scores jsonb not null,
  folds jsonb not null,
  bytes bigint,
  milliseconds double precision,
  seconds double precision not null,
  row_losses text,
  primary key (project_id, experiment_id, number),
  foreign key (project_id, experiment_id) references models_experiments (project_id, id)
);

select storage_protect('models_experiments');
select storage_protect('models_trials');
