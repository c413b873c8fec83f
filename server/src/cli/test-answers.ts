import type { Answers } from "./test-terminal.ts";

export const inferenceId = "0198c5a2-7d1e-7abc-8def-0123456789ab";
export const hash = "3b5d5c3712955042212316173ccf37be800d1dc2f9d5b1f2a1f9c1f6b1d0e4a7";
const at = "2026-11-21T10:58:03.120Z";

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

const dataset = {
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
  quarantined: 31,
};
const alert = {
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
const run = {
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
const evaluation = {
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
const release = {
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
const retraining = {
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
const key = {
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
const node = {
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

const evidence = { accepted: 4044, stored: 4040, rejected: 1, backlog: 3, journalBytes: 8_400_000, stateAgeMs: 212 };

/** One answer for every operation the CLI asks. */
export const answers: Answers = {
  "functions.list": () => ({ items: [functionDetail] }),
  "functions.get": () => functionDetail,
  "functions.series": () => ({
    points: [
      {
        from: at,
        to: at,
        requests: 812,
        fallbacks: 0,
        p50Ms: 0.8,
        p99Ms: 4.2,
        variants: { learned: 812 },
        labels: { ham: 790, spam: 22 },
        accuracy: estimate,
      },
    ],
  }),
  "functions.infer": () => ({
    inferenceId,
    function: "triage-mail",
    output: { label: "spam", confidence: 0.98 },
    variant: "learned",
    binding: hash,
    fallback: false,
    latencyMs: 0.82,
  }),
  "inferences.list": () => ({ items: [inference], next: "cursor-2" }),
  "inferences.get": () => inferenceDetail,
  "inferences.eraseBody": () => ({ id: inferenceDetail.id, changed: true, files: 1 }),
  "data.list": () => ({ items: [dataset], next: null }),
  "data.get": () => ({
    ...dataset,
    description: "Mail",
    timeColumn: "date",
    labelColumn: "label",
    featureColumns: ["subject", "body"],
    contract: {
      columns: [
        { name: "subject", type: "text", nullable: false, unique: false, minimum: null, maximum: null, maxLength: 180, values: null },
      ],
    },
    labels: [
      { label: "spam", rows: 1000 },
      { label: "ham", rows: 690 },
    ],
    quarantine: [{ reason: "no date", rows: 31 }],
    splits: [{ name: "train", rows: 1352, from: at, to: at }],
    leakage: { checked: true, problems: [] },
    lineage: { sources: [{ kind: "upload", reference: "mail.jsonl", rows: 1924 }], workflowId: "w-1", parent: null },
    datasheet: "# mail@1",
  }),
  "data.rows": () => ({ rows: [{ subject: "Hello", label: "ham" }], total: 1690 }),
  "data.quarantine": () => ({ items: [{ line: 12, reason: "no date", row: { subject: "x" } }] }),
  "data.upload": () => ({ id: inferenceId, hash, bytes: 120, rows: 2 }),
  "data.create": () => ({ workflowId: "w-1" }),
  "models.list": () => ({ items: [{ name: "triage-mail", latest: 2, aliases: { champion: 1 }, versions: 2, createdAt: at }] }),
  "models.get": () => ({
    name: "triage-mail",
    latest: 2,
    aliases: { champion: 1 },
    versions: 2,
    createdAt: at,
    history: [{ alias: "champion", from: null, to: 1, at, by: "system:models", reason: "first version" }],
  }),
  "models.getVersion": () => modelVersion,
  "models.listRuns": () => ({ items: [run], next: null }),
  "models.getRun": () => run,
  "models.createRun": () => ({ workflowId: "w-1", runId: inferenceId }),
  "gateway.budgets": () => ({
    store: "memory",
    items: [
      {
        budget: "team",
        bucket: { principal: "key:demo:a1b2c3d4e5f6", user: "" },
        kind: "costUsd",
        windowSeconds: 86_400,
        limit: "10",
        used: "9.75",
        reserved: "0.25",
        left: "0",
        resetsAt: at,
      },
    ],
  }),
  "jobs.list": () => ({ items: [workflow], next: null }),
  "jobs.get": () => workflow,
  "jobs.cancel": () => ({ ...workflow, status: "cancelled" }),
  "jobs.resume": () => workflow,
  "jobs.nodes": () => ({ items: [node] }),
  "jobs.schedules": () => ({ items: [{ name: "monitoring", everySeconds: 60, lastRunAt: at }] }),
  "jobs.events": () => ({ items: [{ id: inferenceId, type: "alert.opened", subject: "triage-mail", at, payload: {} }], next: null }),
  "feedback.submit": () => ({ accepted: 1, repeated: 0, refused: 0, results: [] }),
  "feedback.list": () => ({
    items: [
      {
        id: inferenceId,
        inferenceId,
        kind: "label",
        value: "ham",
        source: "reader",
        function: "triage-mail",
        recordedAt: at,
        occurredAt: at,
      },
    ],
    next: null,
  }),
  "feedback.stats": () => ({ accepted: 3120, repeated: 12, refused: 1, labelled: 3100, unlabelled: 932 }),
  "feedback.curate": () => ({ workflowId: "w-1" }),
  "monitoring.windows": () => ({
    items: [
      {
        function: "triage-mail",
        from: at,
        to: at,
        requests: 812,
        labelled: 700,
        accuracy: estimate,
        labels: { ham: 790, spam: 22 },
        measures: [{ monitor: "output-drift", measure: "label share", value: 0.42, threshold: 0.1, exceeded: true }],
      },
    ],
  }),
  "monitoring.alerts": () => ({ items: [alert] }),
  "monitoring.alert": () => alert,
  "monitoring.run": () => ({ windows: 4, alerts: [inferenceId] }),
  "monitoring.changeAlert": () => ({ ...alert, status: "resolved" }),
  "evaluation.list": () => ({ items: [evaluation], next: null }),
  "evaluation.get": () => evaluation,
  "evaluation.create": () => ({ workflowId: "w-1" }),
  "release.list": () => ({ items: [release] }),
  "release.rollback": () => release,
  "release.retrain": () => retraining,
  "release.listRetrainings": () => ({ items: [retraining] }),
  "release.getRetraining": () => retraining,
  "governance.listKeys": () => ({ items: [key], next: null }),
  "governance.createKey": () => ({ ...key, key: "mr_a1b2c3d4e5f6_secret" }),
  "governance.revokeKey": () => ({ ...key, revokedAt: at }),
  "governance.listSwitches": () => ({ items: [{ target: "*", off: true, reason: "drill", changedBy: "kill file", changedAt: at }] }),
  "governance.setSwitch": ({ parameters, body }) => ({
    target: parameters["target"],
    reason: null,
    changedBy: "key:admin:a1b2c3d4e5f6",
    changedAt: at,
    ...(body as { off: boolean }),
  }),
  "governance.listAudit": () => ({ items: [auditEntry], next: null }),
  "governance.verifyAudit": () => ({
    verified: true,
    entries: 42,
    pending: 0,
    checkpoints: 9,
    anchoring: "self-consistent, not anchored",
    sinks: [{ name: "webhook audit.example.com", kind: "webhook", size: 7, behind: 2, problem: "webhook audit.example.com answered 503." }],
    sealed: { hours: 3, records: 1200 },
    problems: [],
  }),
  "governance.checkpoint": () => ({ checkpoint }),
  "governance.createLink": () => ({ url: "http://127.0.0.1:7070/sign-in#token", expiresAt: at }),
  "evidence.get": () => evidence,
  "overview.get": () => ({
    stages: [
      { stage: "data", counts: { datasets: 2, rows: 3614 }, waiting: 0, note: null },
      { stage: "feedback", counts: { labelled: 3100, unlabelled: 932 }, waiting: 932, note: "labels come late" },
    ],
    evidence,
    nodes: [node],
    openAlerts: [alert],
    configHash: hash,
    configProblem: null,
  }),
  "storage.status": () => ({ store: "embedded", stateVersion: "12", stateAgeMs: 212, migrations: 14, lastBackupAt: at }),
  "storage.retention": () => ({
    bodiesDays: 30,
    listsMonths: 13,
    due: [{ kind: "bodies", name: "2026-03-05", rows: 1200, bytes: 3_400_000, blockedBy: "2026-03-05T10 is not in a file yet" }],
  }),
  "storage.backup": () => ({ path: "data/backups/one", files: 12, bytes: 3_400_000, seconds: 1.2 }),
};
