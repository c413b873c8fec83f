-- Every configuration that ever ran: its hash and what it said (no code, no secret).
create table core_configs (
  project_id uuid not null,
  hash text not null,
  document jsonb not null,
  first_seen_at timestamptz not null,
  primary key (project_id, hash)
);
select storage_protect('core_configs');
