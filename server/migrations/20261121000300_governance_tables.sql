-- Keys: only a hash of the secret is kept; `prefix` finds the row. A revoked key stays, to tell it from an unknown one.
create table governance_keys (
  project_id uuid not null,
  id uuid not null,
  name text not null,
  prefix text not null,
  secret_hash text not null,
  permissions text[] not null,
  functions text[],
  limit_requests integer,
  limit_window_seconds integer,
  created_by text not null,
  revoked_at timestamptz,
  revoked_by text,
  primary key (project_id, id),
  unique (project_id, prefix)
);

-- One-time sign-in links and the sessions they open; both carry what their creator may do, never more.
create table governance_links (
  project_id uuid not null,
  id uuid not null,
  lookup text not null,
  token_hash text not null,
  permissions text[] not null,
  functions text[],
  created_by text not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  primary key (project_id, id),
  unique (project_id, lookup)
);

create table governance_sessions (
  project_id uuid not null,
  id uuid not null,
  lookup text not null,
  token_hash text not null,
  permissions text[] not null,
  functions text[],
  created_by text not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  primary key (project_id, id),
  unique (project_id, lookup)
);

create table governance_switches (
  project_id uuid not null,
  target text not null,
  is_off boolean not null,
  reason text,
  changed_by text not null,
  changed_at timestamptz not null,
  primary key (project_id, target)
);

-- The audit log. An entry is written in its change's own transaction with no index: taking one there would be a global lock.
-- The sequencer sets `tree_index` and `leaf_hash` once. Text and salt may be erased; the hashes, and so the proof, stay.
create table governance_audit (
  project_id uuid not null,
  id uuid not null,
  actor text not null,
  action text not null,
  object text not null,
  before_hash text,
  before_salt text,
  before_text text,
  after_hash text,
  after_salt text,
  after_text text,
  tree_index bigint,
  leaf_hash text,
  primary key (project_id, id),
  unique (project_id, tree_index)
);
create index governance_audit_pending on governance_audit (project_id, id) where tree_index is null;
create index governance_audit_object on governance_audit (project_id, object, id);
create index governance_audit_action on governance_audit (project_id, action, id);

-- The head of each project's tree and its compact form (the roots of the complete subtrees, largest first), with the lease of
-- the sequencer that extends it.
create table governance_audit_trees (
  project_id uuid not null,
  size bigint not null default 0,
  root_hash text not null,
  hashes text[] not null default '{}',
  holder text,
  leased_until timestamptz,
  primary key (project_id)
);

-- `signed_at` is text: the signature covers its exact characters.
create table governance_audit_checkpoints (
  project_id uuid not null,
  size bigint not null,
  root_hash text not null,
  signed_at text not null,
  signature text not null,
  public_key text not null,
  primary key (project_id, size)
);

select storage_protect('governance_keys');
select storage_protect('governance_links');
select storage_protect('governance_sessions');
select storage_protect('governance_switches');
select storage_protect('governance_audit');
select storage_protect('governance_audit_trees');
select storage_protect('governance_audit_checkpoints');

-- Requests can add to the log and read it, nothing else. Only our own work places entries, signs, and erases text.
revoke update, delete on governance_audit from millrace_app;
revoke insert, update, delete on governance_audit_trees from millrace_app;
revoke insert, update, delete on governance_audit_checkpoints from millrace_app;

select storage_watch('governance_keys');
select storage_watch('governance_sessions');
select storage_watch('governance_switches');
