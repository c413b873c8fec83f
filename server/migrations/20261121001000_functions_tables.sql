-- Bindings: a variant with every reference resolved to a version. Immutable; `hash` is the SHA-256 of what it binds.
create table functions_bindings (
  project_id uuid not null,
  hash text not null,
  function text not null,
  variant text not null,
  kind text not null,
  label text not null,
  resolved json not null,
  created_at timestamptz not null default now(),
  created_by text not null,
  primary key (project_id, hash)
);

-- Which bindings of a function get which traffic. Written by the first start and by releases.
create table functions_arms (
  project_id uuid not null,
  function text not null,
  position integer not null,
  binding text not null,
  variant text not null,
  role text not null check (role in ('stable', 'canary', 'shadow')),
  share double precision not null check (share >= 0 and share <= 1),
  release_id uuid,
  changed_at timestamptz not null default now(),
  primary key (project_id, function, position)
);

-- Evidence, narrow: what lists and windows read. Partitioned by month of the id; the default partition only catches ids from
-- times nobody expected.
create table functions_inferences (
  project_id uuid not null,
  id uuid not null,
  function text not null,
  status text not null,
  variant text,
  binding text,
  arm text,
  release_id uuid,
  fallback boolean not null,
  label text,
  confidence double precision,
  error text,
  latency_ms double precision not null,
  caller text not null,
  recorded_at timestamptz not null,
  occurred_at timestamptz not null,
  primary key (project_id, id)
) partition by range (id);
create table functions_inferences_default partition of functions_inferences default;
create index functions_inferences_occurred on functions_inferences (project_id, function, occurred_at);

-- Evidence, wide: one row per inference, partitioned by day. JSON kept as text: it was checked when it was written, and checking
-- it again would cost a third of the drain.
create table functions_inference_bodies (
  project_id uuid not null,
  id uuid not null,
  input text not null,
  output text not null,
  steps text not null,
  produced text not null,
  metadata text not null,
  primary key (project_id, id)
) partition by range (id);
create table functions_inference_bodies_default partition of functions_inference_bodies default;

-- What shadows would have answered.
create table functions_shadows (
  project_id uuid not null,
  id uuid not null,
  inference_id uuid not null,
  function text not null,
  variant text not null,
  binding text not null,
  output text not null,
  label text,
  confidence double precision,
  agrees boolean,
  error text,
  latency_ms double precision not null,
  recorded_at timestamptz not null,
  primary key (project_id, id)
) partition by range (id);
create table functions_shadows_default partition of functions_shadows default;
create index functions_shadows_inference on functions_shadows (project_id, inference_id);
create index functions_shadows_binding on functions_shadows (project_id, function, binding);

-- Idempotency keys of answers given, kept for 24 hours.
create table functions_idempotency (
  project_id uuid not null,
  caller text not null,
  function text not null,
  key text not null,
  inference_id uuid not null,
  input_hash text not null,
  created_at timestamptz not null,
  primary key (project_id, caller, function, key)
);
create index functions_idempotency_created on functions_idempotency (project_id, created_at);

select storage_protect('functions_bindings');
select storage_protect('functions_arms');
select storage_protect('functions_inferences');
select storage_protect('functions_inferences_default');
select storage_protect('functions_inference_bodies');
select storage_protect('functions_inference_bodies_default');
select storage_protect('functions_shadows');
select storage_protect('functions_shadows_default');
select storage_protect('functions_idempotency');
select storage_watch('functions_arms');

-- For higher modules; the README lists the columns.
create view functions_v_inferences with (security_invoker = true) as
  select project_id, id, function, status, variant, binding, arm, release_id, fallback, label, confidence, error, latency_ms, caller, recorded_at, occurred_at
  from functions_inferences;
create view functions_v_bodies with (security_invoker = true) as
  select project_id, id, input::json as input, output::json as output, steps::json as steps, produced::json as produced, metadata::json as metadata
  from functions_inference_bodies;
create view functions_v_shadows with (security_invoker = true) as
  select project_id, id, inference_id, function, variant, binding, output::json as output, label, confidence, agrees, error, latency_ms, recorded_at
  from functions_shadows;
create view functions_v_bindings with (security_invoker = true) as
  select project_id, hash, function, variant, kind, label, resolved, created_at, created_by from functions_bindings;
create view functions_v_arms with (security_invoker = true) as
  select project_id, function, position, binding, variant, role, share, release_id, changed_at from functions_arms;
grant select on functions_v_inferences, functions_v_bodies, functions_v_shadows, functions_v_bindings, functions_v_arms to millrace_app, millrace_system;
