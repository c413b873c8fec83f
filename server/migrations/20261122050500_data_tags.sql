-- Names that people give to versions of a dataset; a name moves, and the audit log says from where.
create table data_tags (
  project_id uuid not null,
  name text not null,
  tag text not null,
  version integer not null,
  set_by text not null,
  primary key (project_id, name, tag),
  foreign key (project_id, name, version) references data_versions (project_id, name, version)
);

select storage_protect('data_tags');
