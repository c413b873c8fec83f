-- The definition under a view's name and version, as it was first used, and its last materialisation.
create table data_feature_views (
  project_id uuid not null,
  name text not null,
  version integer not null,
  definition_hash text not null,
  definition jsonb not null,
  defined_at timestamptz not null,
  -- Null until it was materialised.
  materialised_at timestamptz,
  source text,
  entities integer,
  -- Feature -> the newest event time at which it had a value.
  newest jsonb,
  primary key (project_id, name, version)
);

-- The newest values of each entity: `entity` is the JSON array of its key's parts as text.
create table data_feature_values (
  project_id uuid not null,
  view text not null,
  version integer not null,
  entity text not null,
  feature_values jsonb not null,
  event_time timestamptz not null,
  materialised_at timestamptz not null,
  primary key (project_id, view, version, entity)
);
-- What a materialisation did not write again is found and removed by this.
create index data_feature_values_age on data_feature_values (project_id, view, version, materialised_at);

select storage_protect('data_feature_views');
select storage_protect('data_feature_values');
