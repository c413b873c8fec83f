-- How far each source was read. `revision` grows with every read that was kept, so that of two at once one is refused;
-- `received` counts the rows pushed to it and gives them their positions, under this row's lock.
create table data_sources_state (
  project_id uuid not null,
  source text not null,
  revision integer not null default 0,
  received bigint not null default 0,
  cursor json,
  known json,
  rows bigint not null default 0,
  last_read json,
  last_read_at timestamptz,
  primary key (project_id, source)
);

-- Batches that were pushed, so that one sent again is answered as before. `hash` tells another batch of the same id apart.
create table data_source_batches (
  project_id uuid not null,
  source text not null,
  batch text not null,
  hash text not null,
  taken integer not null,
  repeated integer not null,
  primary key (project_id, source, batch)
);

-- Rows that were pushed. The text of a row goes once it was read; its key stays, so that the row is not taken again.
create table data_source_rows (
  project_id uuid not null,
  source text not null,
  position bigint not null,
  key text,
  row text,
  primary key (project_id, source, position)
);
create unique index data_source_rows_key on data_source_rows (project_id, source, key);

select storage_protect('data_sources_state');
select storage_protect('data_source_batches');
select storage_protect('data_source_rows');
