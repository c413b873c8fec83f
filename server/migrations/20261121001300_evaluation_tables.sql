-- One comparison on the same rows, as the API shows it. Written once.
create table evaluation_evaluations (
  project_id uuid not null,
  id uuid not null,
  function text not null,
  dataset text not null,
  verdict text not null check (verdict in ('pass', 'fail', 'inconclusive')),
  body jsonb not null,
  primary key (project_id, id)
);
create index evaluation_evaluations_function on evaluation_evaluations (project_id, function, id);

select storage_protect('evaluation_evaluations');
