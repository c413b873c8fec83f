-- An export asks whether what it has read was erased since, of shadows as of bodies.
create index functions_shadows_blank on functions_shadows (project_id, id) where output = 'null';
