-- Drops one partition of evidence. Only by our own work, in the transaction that says so in the audit log; never a default one.
create function functions_drop_partition(partition_name text) returns boolean language plpgsql security definer set search_path from current as $$
begin
  if not exists (
    select from pg_inherits
    where inhrelid = to_regclass(quote_ident(partition_name))
      and inhparent in (to_regclass('functions_inferences'), to_regclass('functions_inference_bodies'), to_regclass('functions_shadows'))
  ) or partition_name like '%\_default' then
    return false;
  end if;
  execute format('drop table %I', partition_name);
  return true;
end $$;
revoke execute on function functions_drop_partition(text) from public;
grant execute on function functions_drop_partition(text) to millrace_system;
