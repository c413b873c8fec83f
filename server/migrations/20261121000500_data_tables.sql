-- What was sent in, as it came: the bytes are a blob.
create table data_uploads (
  project_id uuid not null,
  id uuid not null,
  hash text not null,
  bytes bigint not null,
  rows integer not null,
  created_by text not null,
  primary key (project_id, id)
);

-- One row a name; taking the next version number locks it, so that two workflows never get the same.
create table data_datasets (
  project_id uuid not null,
  name text not null,
  latest_version integer not null,
  primary key (project_id, name)
);

-- Immutable. `hash` names the Parquet blob of the kept rows, `quarantine_hash` the JSONL blob of the others.
create table data_versions (
  project_id uuid not null,
  id uuid not null,
  name text not null,
  version integer not null,
  hash text not null,
  quarantine_hash text not null,
  created_by text not null,
  rows integer not null,
  kept integer not null,
  exact_duplicates integer not null,
  near_duplicates integer not null,
  quarantined integer not null,
  detail jsonb not null,
  primary key (project_id, id),
  unique (project_id, name, version),
  check (rows = kept + exact_duplicates + near_duplicates + quarantined)
);

select storage_protect('data_uploads');
select storage_protect('data_datasets');
select storage_protect('data_versions');
