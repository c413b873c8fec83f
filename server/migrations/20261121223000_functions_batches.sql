-- Batches: a function asked about every row of a dataset version or an upload. `rows_hash` names the blob of the rows as they came,
-- one JSON object a line.
create table functions_batches (
  project_id uuid not null,
  id uuid not null,
  function text not null,
  status text not null check (status in ('queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled')),
  source text not null,
  rows_hash text,
  map json,
  concurrency integer not null,
  deadline_ms integer,
  total integer not null,
  done integer not null default 0,
  failed integer not null default 0,
  cost numeric,
  unpriced integer not null default 0,
  rate double precision,
  waiting json,
  error json,
  cancelled_by text,
  result json,
  workflow_id text not null,
  created_by text not null,
  started_at timestamptz,
  ended_at timestamptz,
  primary key (project_id, id)
);
create index functions_batches_function on functions_batches (project_id, function, id);

-- What became of each row while its batch runs: one line of the result each. Gone once the result is written.
create table functions_batch_rows (
  project_id uuid not null,
  batch_id uuid not null,
  row integer not null,
  line text not null,
  primary key (project_id, batch_id, row)
);

select storage_protect('functions_batches');
select storage_protect('functions_batch_rows');
