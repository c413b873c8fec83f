export const inferenceId = "0198c5a2-7d1e-7abc-8def-0123456789ab";
export const hash = "3b5d5c3712955042212316173ccf37be800d1dc2f9d5b1f2a1f9c1f6b1d0e4a7";
export const at = "2026-11-21T10:58:03.120Z";

export const estimate = { value: 0.9731, low: 0.9612, high: 0.9824, n: 1384 };

export const inference = {
  id: inferenceId,
  function: "triage-mail",
  status: "ok",
  variant: "rules",
  binding: hash,
  arm: "stable",
  fallback: true,
  label: "spam",
  confidence: 0.8123,
  error: null,
  latencyMs: 12.4,
  caller: "key:demo:a1b2c3d4e5f6",
  recordedAt: at,
  occurredAt: "2002-09-12T08:00:00.000Z",
  feedbackLabel: "ham",
} as const;

export const functionDetail = {
  name: "triage-mail",
  owner: "mail team",
  boundary: "may label a message, may not delete or answer one",
  latencyBudgetMs: 50,
  off: false,
  variants: [
    { name: "learned", kind: "model", binding: hash, resolved: { model: "triage-mail", version: 1, hash }, ready: true },
    { name: "rules", kind: "rules", binding: hash, resolved: { code: hash }, ready: true },
  ],
  fallback: ["learned", "rules"],
  purpose: {
    objective: "Keep spam out of the inbox",
    decision: "Which folder a message goes to",
    errors: [
      { error: "ham called spam", cost: "a lost message" },
      { error: "spam called ham", cost: "a second of a reader's time" },
    ],
  },
  inputSchema: {},
  outputSchema: {},
  maxBodyBytes: 1_048_576,
  traffic: [
    { variant: "learned", binding: hash, requests: 4032, fallbacks: 0, failures: 12, p50Ms: 0.82, p99Ms: 4.1 },
    { variant: "rules", binding: hash, requests: 12, fallbacks: 12, failures: 0, p50Ms: 0.1, p99Ms: 0.31 },
  ],
};

const metrics = {
  accuracy: estimate,
  ece: 0.0213,
  logLoss: 0.0841,
  slices: [{ slice: "label = spam", metric: "recall", estimate }],
  confusion: {
    labels: ["ham", "spam"],
    counts: [
      [143, 2],
      [5, 235],
    ],
  },
};

export const modelVersion = {
  id: inferenceId,
  model: "triage-mail",
  version: 1,
  hash,
  bytes: 1_843_221,
  signature: {
    inputs: [
      { name: "subject", type: "text" },
      { name: "body", type: "text" },
    ],
    labels: ["ham", "spam"],
    text: { normalization: "NFC", lowerCase: true, controlCharacters: "space", maxCharacters: 8000 },
  },
  dataset: "mail@1",
  runId: inferenceId,
  metrics,
  card: "# triage-mail 1",
  aliases: ["champion"],
  createdAt: at,
  createdBy: "key:demo:a1b2c3d4e5f6",
} as const;

export const inferenceDetail = {
  ...inference,
  input: {
    subject: "Meeting on Thursday",
    body: `Hi all,\n\nplease find the agenda below.\n${"1. A long point about the budget of the next year\n".repeat(20)}`,
  },
  output: { label: "spam", confidence: 0.8123 },
  steps: [
    { name: "admission", kind: "admission", startMs: 0, durationMs: 0.12, status: "ok" },
    { name: "learned", kind: "variant", startMs: 0.2, durationMs: 10.1, status: "failed", error: "thread_died" },
    { name: "rules", kind: "variant", startMs: 10.4, durationMs: 1.9, status: "ok", details: { confidence: 0.81234567 } },
  ],
  produced: {
    configHash: hash,
    binding: hash,
    release: inferenceId,
    model: "triage-mail",
    version: 1,
    modelHash: hash,
    stateAgeMs: 212,
    node: "node-1",
    thresholds: { minimumConfidence: 0.6 },
  },
  metadata: {},
  shadows: [{ binding: hash, variant: "learned", output: { label: "ham" }, agrees: false, error: null }],
  feedback: [{ id: inferenceId, kind: "label", value: "ham", source: "reader", occurredAt: "2002-09-14T08:00:00.000Z", recordedAt: at }],
};

export const auditEntry = {
  id: inferenceId,
  index: 41,
  at,
  actor: "system:release",
  action: "release.promote",
  object: "function:triage-mail",
  before: { champion: 1 },
  after: { champion: 2 },
};

export const checkpoint = { size: 42, rootHash: hash, at, signature: "c2ln", publicKey: "a2V5" };

export const workflow = {
  id: "retrain-1",
  name: "release.retrain@1",
  status: "succeeded",
  node: "node-1",
  attempts: 1,
  createdAt: at,
  updatedAt: at,
  input: {},
  output: { dataset: "mail@2" },
  error: null,
  steps: [{ index: 0, name: "curate", status: "ok", startedAt: at, completedAt: at, error: null }],
};

export const dataset = {
  id: inferenceId,
  name: "mail",
  version: 1,
  reference: "mail@1",
  hash,
  createdAt: at,
  createdBy: "key:demo:a1b2c3d4e5f6",
  rows: 1924,
  kept: 1690,
  duplicates: 203,
  exactDuplicates: 120,
  nearDuplicates: 83,
  tags: ["golden"],
  quarantined: 31,
};
export const alert = {
  id: inferenceId,
  function: "triage-mail",
  cause: "output-drift",
  title: "Spam's share fell from 63 % to 1 %",
  status: "open",
  owner: "mail team",
  playbook: "1. Look at ten messages.\n2. Retrain.",
  openedAt: at,
  occurredFrom: at,
  occurredTo: at,
  windows: 4,
  signals: [
    { monitor: "output-drift", measure: "label share", value: 0.4213, threshold: 0.1, pValue: 0.00001, n: 812, detail: "spam 63 % → 1 %" },
  ],
  workflowId: "retrain-1",
};
export const run = {
  id: inferenceId,
  model: "triage-mail",
  trainer: "text-classifier",
  dataset: "mail@1",
  parameters: { c: 1 },
  seed: 1,
  status: "succeeded",
  error: null,
  progress: null,
  version: 1,
  metrics,
  trainSeconds: 6.2,
  gitCommit: "24ff5d8",
  environment: { node: "24.21.0" },
  workflowId: "w-1",
  createdAt: at,
  createdBy: "key:demo:a1b2c3d4e5f6",
};
export const evaluation = {
  id: inferenceId,
  function: "triage-mail",
  dataset: "mail@2",
  rows: 612,
  verdict: "pass",
  reason: "The challenger is better by 2.10 points.",
  difference: { value: 0.021, low: 0.008, high: 0.034, n: 612 },
  missingRows: null,
  rulesAreEnough: false,
  scores: [
    { candidate: "model triage-mail@1", role: "champion", accuracy: estimate, ece: 0.02, slices: [] },
    { candidate: "rules", role: "baseline", accuracy: { ...estimate, value: 0.71 }, ece: null, slices: [] },
  ],
  createdAt: at,
};
export const release = {
  id: inferenceId,
  function: "triage-mail",
  stage: "canary",
  arms: [
    { binding: hash, variant: "learned", label: "triage-mail@1", role: "stable", share: 0.9 },
    { binding: hash, variant: "learned", label: "triage-mail@2", role: "canary", share: 0.1 },
  ],
  requests: 120,
  holdRequests: 300,
  before: null,
  reason: "retraining",
  createdAt: at,
  createdBy: "system:release",
  active: true,
};
export const retraining = {
  id: inferenceId,
  function: "triage-mail",
  workflowId: "retrain-1",
  trigger: "alert",
  stage: "promoted",
  dataset: "mail@2",
  modelVersion: 2,
  evaluationId: inferenceId,
  verdict: "pass",
  promoted: true,
  reason: null,
  after: { champion: estimate, previous: estimate, difference: { value: 0.011, low: -0.002, high: 0.024, n: 900 } },
  createdAt: at,
  updatedAt: at,
};
export const key = {
  id: inferenceId,
  name: "demo",
  prefix: "mr_a1b2c3d4e5f6",
  permissions: ["functions.infer", "feedback.write"],
  functions: ["triage-mail"],
  limit: { requests: 1000, windowSeconds: 60 },
  createdAt: at,
  createdBy: "system:governance",
  revokedAt: null,
};
export const node = {
  id: "01a1fe8d-281e-7093-973f-4f25a4a2ab16",
  name: "node-1",
  role: "up",
  host: "mill",
  startedAt: at,
  heartbeatAt: at,
  alive: true,
  configHash: hash,
  version: "0.1.0",
  readyBindings: [hash],
};

export const evidence = { accepted: 4044, stored: 4040, rejected: 1, backlog: 3, journalBytes: 8_400_000, stateAgeMs: 212 };

export const batch = {
  id: inferenceId,
  function: "triage-mail",
  status: "succeeded",
  source: "mail@1",
  workflowId: "batch-1",
  createdAt: at,
  createdBy: "key:admin:0123456789ab",
  startedAt: at,
  endedAt: at,
  concurrency: 8,
  rows: { total: 200, done: 197, failed: 3 },
  cost: "0.0412",
  unpriced: 0,
  rate: null,
  secondsLeft: null,
  waiting: null,
  error: null,
  provider: null,
  result: { rows: 200, jsonl: { hash, bytes: 48_120 }, parquet: { hash, bytes: 9_001 } },
};

const trial = {
  number: 1,
  trainer: "linear",
  parameters: { penalty: 1.7 },
  seed: 1,
  share: 1,
  status: "succeeded",
  reason: null,
  scores: [
    { metric: "accuracy", estimate },
    { metric: "logLoss", estimate },
  ],
  folds: [0.97, 0.98],
  bytes: 4200,
  milliseconds: 0.04,
  seconds: 1.2,
};
export const experiment = {
  id: inferenceId,
  model: "triage-mail",
  dataset: "mail@1",
  request: {
    model: "triage-mail",
    dataset: "mail@1",
    algorithm: "tpe",
    budget: { trials: 20, seconds: 600 },
    limits: {},
    folds: { count: 5 },
    learningCurve: true,
    register: true,
    seed: 1,
  },
  metric: "accuracy",
  status: "succeeded",
  error: null,
  result: {
    trial: 1,
    why: "trial 1 (linear) has the best accuracy of 1.",
    learningCurve: [{ share: 1, rows: 1000, training: estimate, validation: estimate }],
    runId: inferenceId,
    version: 3,
  },
  workflowId: "w-1",
  trials: [
    trial,
    { ...trial, number: 2, status: "failed", reason: "task_killed: no memory", scores: [], folds: [], bytes: null, milliseconds: null },
  ],
  createdAt: at,
  createdBy: "ada",
};
