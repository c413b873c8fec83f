-- Projects, the version of what nodes keep in memory, and the functions every other migration uses.

create table core_projects (
  id uuid primary key,
  name text not null unique,
  created_at timestamptz not null default now()
);
insert into core_projects (id, name) values ('00000000-0000-7000-8000-000000000001', 'default');

-- The project of the transaction, as `sql.as(context)` set it; null outside one.
create function storage_project() returns uuid language sql stable parallel safe
  as $$ select nullif(current_setting('millrace.project', true), '')::uuid $$;

create function storage_principal() returns text language sql stable parallel safe
  as $$ select nullif(current_setting('millrace.principal', true), '') $$;

-- Row-level security for one table: millrace_app sees its transaction's project, millrace_system sees all, nobody else sees any.
-- current_user is asked because a login that is a member of these roles has their policies without becoming them.
create function storage_protect(table_name text) returns void language plpgsql as $$
declare
  ours text := $policy$current_user = 'millrace_app' and project_id = storage_project()$policy$;
  every text := $policy$current_user = 'millrace_system'$policy$;
begin
  execute format('alter table %I enable row level security', table_name);
  execute format('alter table %I force row level security', table_name);
  execute format('create policy project on %I to millrace_app using (%s) with check (%s)', table_name, ours, ours);
  execute format('create policy every_project on %I to millrace_system using (%s) with check (%s)', table_name, every, every);
  execute format('grant select, insert, update, delete on %I to millrace_app, millrace_system', table_name);
end $$;

-- One row; every change of a watched table adds one to it and wakes the nodes.
create table core_state_version (
  only_row boolean primary key default true check (only_row),
  version bigint not null default 0
);
insert into core_state_version default values;
grant select on core_state_version to millrace_app, millrace_system;

create function storage_bump() returns trigger language plpgsql security definer set search_path from current as $$
begin
  update core_state_version set version = version + 1;
  perform pg_notify('millrace_state', '');
  return null;
end $$;

create function storage_watch(table_name text) returns void language plpgsql as $$
begin
  execute format('create trigger watch after insert or update or delete or truncate on %I for each statement execute function storage_bump()', table_name);
end $$;

grant select on core_projects to millrace_app, millrace_system;
