-- An export asks whether a body it has read was erased before it says that its files count.
create index functions_inference_bodies_erased on functions_inference_bodies (project_id, id) where erased_hash is not null;

-- Files of the lake that were replaced and are still to be removed: by whoever replaced them, or by the next run of retention.
create table functions_replaced_files (
  project_id uuid not null,
  path text not null,
  primary key (project_id, path)
);
select storage_protect('functions_replaced_files');
