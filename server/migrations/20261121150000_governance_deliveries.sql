-- How far each project's checkpoints have come at a sink that cannot be read back (a webhook). Every checkpoint up to `size` was
-- taken by it. The lease keeps two nodes from sending the same ones at once; sent twice they would do no harm.
create table governance_audit_deliveries (
  project_id uuid not null,
  sink text not null,
  size bigint not null default 0,
  -- Since the last one that was taken.
  failures integer not null default 0,
  last_error text,
  holder text,
  leased_until timestamptz,
  primary key (project_id, sink)
);

select storage_protect('governance_audit_deliveries');

-- Requests read it, for the report of a verification; only our own work moves it.
revoke insert, update, delete on governance_audit_deliveries from millrace_app;
