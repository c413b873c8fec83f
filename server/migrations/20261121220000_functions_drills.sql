-- A drill is no traffic: its inference stands on the arm "drill", is found and read like every other, and is not seen by what
-- measures or learns.
create or replace view functions_v_inferences with (security_invoker = true) as
  select project_id, id, function, status, variant, binding, arm, release_id, fallback, label, confidence, error, latency_ms, caller, recorded_at, occurred_at
  from functions_inferences where arm is distinct from 'drill';
