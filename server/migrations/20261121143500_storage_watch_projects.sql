-- Nodes keep what serves by project: a new project wakes them.
select storage_watch('core_projects');
