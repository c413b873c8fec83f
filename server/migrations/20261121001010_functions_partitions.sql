-- Makes one partition of evidence unless it is there; nodes that start together wait for each other. Answers whether it made it.
create function functions_create_partition(partition_name text, parent_name text, from_id uuid, to_id uuid) returns boolean language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('functions_create_partition', 0));
  if to_regclass(quote_ident(partition_name)) is not null then
    return false;
  end if;
  execute format('create table %I partition of %I for values from (%L) to (%L)', partition_name, parent_name, from_id, to_id);
  perform storage_protect(partition_name);
  return true;
end $$;
revoke execute on function functions_create_partition(text, text, uuid, uuid) from public;
