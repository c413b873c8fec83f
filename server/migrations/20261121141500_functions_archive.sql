-- A seal covers the hash of a body, salted with what stands beside it: erasing both leaves a hash that nobody can guess a short text from.
alter table functions_inference_bodies add column salt uuid default gen_random_uuid();
alter table functions_inference_bodies add column erased_hash text;

-- Files of evidence in the lake. An hour has one file a function, more when it is large or when records of it came late.
create table functions_files (
  project_id uuid not null,
  kind text not null check (kind in ('inferences', 'shadows')),
  hour timestamptz not null,
  -- Below the lake's folder.
  path text not null,
  function text not null,
  first_id uuid not null,
  last_id uuid not null,
  rows integer not null,
  bytes bigint not null,
  sha256 text not null,
  exported_at timestamptz not null,
  primary key (project_id, kind, hour, path)
);

-- Hours that were closed: everything of them that was in SQL is in files.
create table functions_hours (
  project_id uuid not null,
  kind text not null check (kind in ('inferences', 'shadows')),
  hour timestamptz not null,
  rows bigint not null,
  closed_at timestamptz not null,
  primary key (project_id, kind, hour)
);

-- Hours that got records so late that they may have been closed before. `marks` counts, so that a mark made meanwhile is not taken away.
create table functions_late_hours (
  project_id uuid not null,
  kind text not null check (kind in ('inferences', 'shadows')),
  hour timestamptz not null,
  marks bigint not null default 1,
  primary key (project_id, kind, hour)
);

select storage_protect('functions_files');
select storage_protect('functions_hours');
select storage_protect('functions_late_hours');
