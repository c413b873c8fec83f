-- Everything that came back about inferences, as it was said; nothing is overwritten.
create table feedback_items (
  project_id uuid not null,
  id uuid not null,
  inference_id uuid not null,
  function text not null,
  kind text not null check (kind in ('label', 'rating', 'comment', 'correction')),
  value jsonb not null,
  -- Says whether two values are the same.
  value_hash text not null,
  source text not null,
  occurred_at timestamptz not null,
  created_by text not null,
  primary key (project_id, id)
);
create index feedback_items_inference on feedback_items (project_id, inference_id);
create index feedback_items_function on feedback_items (project_id, function, id);

-- The newest true label of each inference that has one.
create table feedback_labels (
  project_id uuid not null,
  inference_id uuid not null,
  function text not null,
  label text not null,
  source text not null,
  item_id uuid not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  primary key (project_id, inference_id)
);
create index feedback_labels_function on feedback_labels (project_id, function, recorded_at);

-- What was not kept, counted by function ('' where there is none of that name, as for an unknown inference).
create table feedback_counts (
  project_id uuid not null,
  function text not null,
  repeated bigint not null default 0,
  refused bigint not null default 0,
  primary key (project_id, function)
);

select storage_protect('feedback_items');
select storage_protect('feedback_labels');
select storage_protect('feedback_counts');

create view feedback_v_labels with (security_invoker = true) as
  select project_id, inference_id, function, label, source, occurred_at, recorded_at from feedback_labels;
grant select on feedback_v_labels to millrace_app, millrace_system;
