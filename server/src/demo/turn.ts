import type { Retraining } from "@millrace/contract";
import { type Client, createClient, waitForWorkflow } from "@millrace/sdk";
import { AppError, createId } from "../core/index.ts";
import { type Mail, readMails } from "./mail.ts";
import type { Progress } from "./progress.ts";
import { createReader } from "./reader.ts";
import { type ReplayResult, replay } from "./replay.ts";
import { type Summary, modelSummary } from "./summary.ts";

export interface TurnDeps {
  readonly url: string;
  /** The admin key of the data folder. */
  readonly key: string;
  readonly progress: Progress;
  /** Prints what produced one inference, as `millrace explain` does. */
  readonly explain: (client: Client, inferenceId: string) => Promise<string>;
}

const functionName = "triage-mail";
const firstReplayed = "2002-08-01";
const keyLimit = { requests: 2000, windowSeconds: 1 };
/** Stages that need no traffic: the replay waits, as a day of real mail would outlast them. */
const stillStages = new Set(["curate", "train", "evaluate", "gate"]);

/** One full turn of the loop over real mail, through the public HTTP API alone. */
export async function runTurn(deps: TurnDeps): Promise<Omit<Summary, "seconds">> {
  const { progress } = deps;
  const admin = createClient({ url: deps.url, key: deps.key });
  const mails = await readStage(progress);
  const past = mails.filter((mail) => (mail.receivedAt ?? "") < firstReplayed);
  const future = mails.filter((mail) => (mail.receivedAt ?? "") >= firstReplayed);
  const dataset = await dataStage(admin, past, progress);
  const v1 = await modelStage(admin, progress);
  const played = await replayStage(admin, future, deps);
  await settleStage(admin, progress);
  return closingStage(admin, { dataset, v1, ...played }, deps);
}

async function readStage(progress: Progress): Promise<Mail[]> {
  const stage = progress.stage("mail");
  const mails = await readMails((done, total) => stage.update(done, total, "messages parsed"));
  stage.done(`${mails.length.toLocaleString("en")} messages of 2001 and 2002, oldest first`);
  return mails;
}

async function dataStage(admin: Client, past: Mail[], progress: Progress): Promise<Summary["dataset"]> {
  const stage = progress.stage("data");
  const lines = past.map((mail) => JSON.stringify(mail)).join("\n");
  const upload = await admin.call("data.upload", { body: lines });
  const { workflowId } = await admin.call("data.create", {
    body: {
      name: "mail",
      uploadId: upload.id,
      timeColumn: "receivedAt",
      labelColumn: "label",
      featureColumns: ["subject", "body"],
      keyColumn: "key",
      description: "Public mail up to July 2002 (SpamAssassin corpus), labelled ham or spam by people.",
    },
  });
  await succeed(admin, workflowId, (note) => stage.update(0, 0, note));
  const { rows, kept, duplicates, quarantined } = await admin.call("data.get", { parameters: { name: "mail", version: 1 } });
  stage.done(`mail@1: ${rows} rows = ${kept} kept + ${duplicates} duplicates + ${quarantined} quarantined`);
  return { rows, kept, duplicates, quarantined };
}

async function modelStage(admin: Client, progress: Progress): Promise<Summary["model"]["v1"]> {
  const stage = progress.stage("models");
  const started = await admin.call("models.createRun", {
    body: { model: functionName, trainer: "text-classifier", dataset: "mail@1", seed: 7 },
  });
  await succeed(admin, started.workflowId, async (note) => {
    const { progress } = await admin.call("models.getRun", { parameters: { id: started.runId } });
    if (progress === null) stage.update(0, 0, note);
    else stage.update(Math.round(progress.fraction * 100), 100, progress.stage);
  });
  const run = await admin.call("models.getRun", { parameters: { id: started.runId } });
  if (run.metrics === null || run.metrics.task === "regression")
    throw new AppError("training_failed", `The run ${run.id} ended without metrics.`);
  const summary = modelSummary(run.metrics, run.trainSeconds ?? 0);
  await waitUntil(async () =>
    (await admin.call("functions.get", { parameters: { name: functionName } })).variants.some(
      (variant) => variant.name === "learned" && variant.ready,
    ),
  );
  stage.done(
    `triage-mail@1: ${(summary.accuracy * 100).toFixed(1)}% accurate on the latest fifth, trained in ${summary.trainSeconds.toFixed(1)} s, live`,
  );
  return summary;
}

interface Played {
  readonly result: ReplayResult;
  readonly feedback: Summary["feedback"];
}

async function replayStage(admin: Client, future: Mail[], deps: TurnDeps): Promise<Played> {
  const stage = deps.progress.stage("inference");
  const created = await admin.call("governance.createKey", {
    body: { name: "mail-gateway", roles: ["caller"], functions: [functionName], limit: keyLimit },
  });
  const caller = createClient({ url: deps.url, key: created.key });
  const { latencyBudgetMs } = await admin.call("functions.get", { parameters: { name: functionName } });
  const reader = createReader(caller, 11);
  const seen = new Map<string, string>();
  let month = "";

  async function onDay(): Promise<void> {
    await admin.call("monitoring.run", { body: { function: functionName } });
    for (const alert of (await admin.call("monitoring.alerts", { query: { function: functionName } })).items) {
      if (seen.has(alert.id)) continue;
      seen.set(alert.id, alert.cause);
      deps.progress.line(`  alert      ${alert.title} (owner ${alert.owner}; by ${alert.occurredTo.slice(0, 10)})`);
    }
    await waitUntil(async () => {
      const retrainings = await listRetrainings(admin);
      for (const each of retrainings) announce(each, seen, deps.progress);
      return !retrainings.some((each) => stillStages.has(each.stage));
    });
  }

  const result = await replay(future, {
    caller,
    reader,
    functionName,
    budgetMs: latencyBudgetMs,
    onDay,
    onProgress: (done, total, mail) => {
      month = mail.receivedAt!.slice(0, 10);
      stage.update(done, total, month);
    },
  });
  await reader.sendAll();
  // One label for an inference that never was: it must be refused, and say so.
  const stray = await caller.call("feedback.submit", {
    body: { items: [{ inferenceId: createId(), kind: "label", value: "ham", source: "reader" }] },
  });
  await onDay();
  const totals = reader.totals();
  stage.done(
    `${result.requests.toLocaleString("en")} answers up to ${month}, ${totals.accepted.toLocaleString("en")} labels came back${result.waits > 0 ? `, the key's limit was waited out ${result.waits} times` : ""}`,
  );
  return { result, feedback: { ...totals, refused: totals.refused + stray.refused } };
}

function announce(each: Retraining, seen: Map<string, string>, progress: Progress): void {
  if (seen.get(each.id) === each.stage) return;
  seen.set(each.id, each.stage);
  progress.line(
    `  retraining ${each.stage}${each.verdict === null ? "" : ` (gate: ${each.verdict})`}${each.reason === null ? "" : `: ${each.reason}`}`,
  );
}

async function settleStage(admin: Client, progress: Progress): Promise<void> {
  const stage = progress.stage("evidence");
  await waitUntil(async () => {
    const evidence = await admin.call("evidence.get", {});
    stage.update(evidence.stored + evidence.rejected, evidence.accepted);
    return evidence.backlog === 0;
  });
  const evidence = await admin.call("evidence.get", {});
  stage.done(
    `${evidence.accepted.toLocaleString("en")} accepted = ${evidence.stored.toLocaleString("en")} stored + ${evidence.rejected.toLocaleString("en")} rejected`,
  );
}

async function closingStage(
  admin: Client,
  before: { dataset: Summary["dataset"]; v1: Summary["model"]["v1"] } & Played,
  deps: TurnDeps,
): Promise<Omit<Summary, "seconds">> {
  const stage = deps.progress.stage("evidence");
  const retrainings = await listRetrainings(admin);
  const promoted = retrainings.filter((each) => each.promoted);
  // Newest first. One whose later answers are labelled says most: how it did on requests nobody had seen.
  const decisive = promoted.find((each) => each.after !== null) ?? promoted[0] ?? retrainings[0] ?? null;
  const evaluation =
    decisive?.evaluationId == null ? null : await admin.call("evaluation.get", { parameters: { id: decisive.evaluationId } });
  const evidence = await admin.call("evidence.get", {});
  const alerts = (await admin.call("monitoring.alerts", { query: { function: functionName } })).items;
  const audit = await admin.call("governance.verifyAudit", { body: {} });
  const misread = before.result.misread.at(-1) ?? null;
  const explained = misread === null ? null : await deps.explain(admin, misread);
  const latencies = before.result.latenciesMs.toSorted((a, b) => a - b);
  stage.done(`audit log ${audit.verified ? "verified" : "NOT verified"}, ${audit.entries} entries`);
  if (explained !== null) deps.progress.line(`\nOne misread message, as \`millrace explain ${misread}\` prints it:\n\n${explained}\n`);
  return {
    dataset: before.dataset,
    model: { v1: before.v1, v2: decisive?.modelVersion == null ? null : await versionSummary(admin, decisive.modelVersion) },
    served: { requests: before.result.requests, p50Ms: at(latencies, 0.5), p99Ms: at(latencies, 0.99), fallbacks: before.result.fallbacks },
    evidence: { accepted: evidence.accepted, stored: evidence.stored, rejected: evidence.rejected },
    feedback: before.feedback,
    alerts: alerts.map(({ id, cause, title, owner, windows, occurredFrom }) => ({
      id,
      cause,
      title,
      owner,
      windows,
      openedOn: occurredFrom.slice(0, 10),
    })),
    retrainings: retrainings
      .toReversed()
      .map(({ trigger, dataset, verdict, promoted, stage, reason }) => ({ trigger, dataset, verdict, promoted, stage, reason })),
    release: {
      verdict: evaluation?.verdict ?? null,
      promoted: decisive?.promoted ?? false,
      version: decisive?.modelVersion ?? null,
      reason: decisive?.reason ?? evaluation?.reason ?? null,
      missingRows: evaluation?.missingRows ?? null,
      rulesAreEnough: evaluation?.rulesAreEnough ?? null,
    },
    accuracyAfter: afterSummary(decisive),
    explained: misread,
    audit: { entries: audit.entries, verified: audit.verified },
  };
}

function afterSummary(retraining: Retraining | null): Summary["accuracyAfter"] {
  if (retraining === null || retraining.after === null) return null;
  const { champion, previous, difference } = retraining.after;
  return { champion: champion.value, previous: previous.value, interval: [difference.low, difference.high], n: difference.n };
}

async function versionSummary(admin: Client, version: number): Promise<Summary["model"]["v2"]> {
  const { metrics, runId } = await admin.call("models.getVersion", { parameters: { name: functionName, version } });
  if (metrics === null || metrics.task === "regression" || runId === null) return null;
  const run = await admin.call("models.getRun", { parameters: { id: runId } });
  return modelSummary(metrics, run.trainSeconds ?? 0);
}

async function listRetrainings(admin: Client): Promise<Retraining[]> {
  return (await admin.call("release.listRetrainings", { query: { function: functionName } })).items;
}

async function succeed(admin: Client, workflowId: string, onNote: (note: string) => unknown): Promise<void> {
  const workflow = await waitForWorkflow(admin, workflowId, { onStatus: (each) => onNote(each.steps.at(-1)?.name ?? each.status) });
  if (workflow.status !== "succeeded")
    throw new AppError(
      "task_failed",
      `The workflow ${workflow.name} (${workflowId}) ${workflow.status}: ${workflow.error ?? "no reason given"}`,
    );
}

async function waitUntil(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 100));
}

function at(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
