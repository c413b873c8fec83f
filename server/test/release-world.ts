import { z } from "zod";
import { AppError, type Context, createId, derivedId, silentLogger, systemClock, systemContext } from "../src/core/index.ts";
import { type Binding, defineFunction, type FunctionDefinition } from "../src/functions/index.ts";
import type { AuditChange } from "../src/governance/index.ts";
import { configSchema, createJobs, type Jobs } from "../src/jobs/index.ts";
import { createRelease, type Release, type ReleaseDeps } from "../src/release/index.ts";
import type { Tx } from "../src/storage/index.ts";
import { createTestStore, type TestStore } from "./store.ts";

/** What the stand-ins of the lower modules answer; a test changes it before it starts a retraining. */
export interface Script {
  verdict: "pass" | "fail" | "inconclusive";
  /** Thrown by the training, once. */
  trainingError: Error | null;
  /** New labels the feedback module counts. */
  labels: number;
  alerts: { id: string; title: string; cause: string; workflowId: string | null }[];
  /** Bindings the node has loaded; null: whatever it is asked about. */
  ready: string[] | null;
  /** How far the release module's clock is ahead. Only ever more: ids of one process never go back in time. */
  aheadMs: number;
}

/** The release module over the real store and jobs; the modules between are stand-ins that write the same tables. */
export interface ReleaseWorld {
  readonly store: TestStore;
  readonly jobs: Jobs;
  readonly release: Release;
  readonly script: Script;
  readonly audited: AuditChange[];
  /** Moves of the alias `champion`, newest last. */
  readonly champions: number[];
  /** Evidence of requests in the arms there are, each with its true label unless told otherwise. */
  serve(count: number, how?: { label?: string; fallbackOnCanary?: boolean; shadowError?: boolean; shadowLabel?: string }): Promise<void>;
  arms(): Promise<{ binding: string; variant: string; role: string; share: number }[]>;
  firstStart(): Promise<Binding>;
  close(): Promise<void>;
}

export const context: Context = systemContext("test");
const functionName = "triage";
const everyVersion = Array.from({ length: 50 }, (_, index) => index + 1);

function define(retraining: Record<string, unknown>): FunctionDefinition {
  return defineFunction({
    name: functionName,
    owner: "team",
    purpose: { objective: "o", decision: "d", errors: [] },
    boundary: "may label",
    input: z.object({ subject: z.string() }),
    output: z.object({ label: z.string(), confidence: z.number().optional() }),
    latencyBudgetMs: 50,
    variants: { learned: { kind: "model", model: "triage", alias: "champion" }, plain: () => ({ label: "ham" }) },
    fallback: ["learned", "plain"],
    retraining,
  });
}

export async function createReleaseWorld(retraining: Record<string, unknown> = {}): Promise<ReleaseWorld> {
  const store = await createTestStore();
  const definition = define({
    dataset: "mail",
    afterLabels: 1000,
    shadowRequests: 20,
    canaryRequests: 20,
    afterRequests: 30,
    readyTimeoutMs: 1000,
    ...retraining,
  });
  const script: Script = { verdict: "pass", trainingError: null, labels: 0, alerts: [], ready: null, aheadMs: 0 };
  const audited: AuditChange[] = [];
  const champions: number[] = [];
  let versions = 1;
  const audit: ReleaseDeps["audit"] = async (_tx, change) => {
    audited.push(change);
  };
  const jobs = createJobs({
    sql: store.sql,
    audit,
    clock: systemClock,
    logger: silentLogger,
    config: configSchema.parse({ pollMs: 50, heartbeatMs: 200, staleAfterMs: 2000 }),
    nodeId: "node-a",
    configHash: "",
    version: "0",
  });

  function bindingOf(variant: string, version: number): Binding {
    const label = variant === "learned" ? `triage@${version}` : "plain";
    const hash = derivedId(label).replaceAll("-", "").repeat(2);
    return {
      hash,
      function: functionName,
      variant,
      kind: variant === "learned" ? "model" : "rules",
      label,
      resolved: variant === "learned" ? { model: "triage", version } : {},
    };
  }

  async function keep(binding: Binding): Promise<Binding> {
    await store.sql.as(context, (tx) =>
      tx.client.query(
        "insert into functions_bindings (project_id, hash, function, variant, kind, label, resolved, created_by) values ($1, $2, $3, $4, $5, $6, $7, 'test') on conflict do nothing",
        [tx.projectId, binding.hash, binding.function, binding.variant, binding.kind, binding.label, JSON.stringify(binding.resolved)],
      ),
    );
    return binding;
  }

  async function setArms(
    tx: Tx,
    input: { function: string; release: string | null; arms: readonly { binding: string; variant: string; role: string; share: number }[] },
  ): Promise<void> {
    await tx.client.query("delete from functions_arms where project_id = $1 and function = $2", [tx.projectId, input.function]);
    for (const [position, arm] of input.arms.entries()) {
      await tx.client.query(
        "insert into functions_arms (project_id, function, position, binding, variant, role, share, release_id) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        [tx.projectId, input.function, position, arm.binding, arm.variant, arm.role, arm.share, input.release],
      );
    }
  }

  const deps: ReleaseDeps = {
    sql: store.sql,
    jobs: {
      ...jobs,
      nodes: async () =>
        (await jobs.nodes()).map((node) => ({
          ...node,
          readyBindings: script.ready ?? everyVersion.map((version) => bindingOf("learned", version).hash),
        })),
    },
    audit,
    clock: { now: () => systemClock.now() + script.aheadMs },
    logger: silentLogger,
    data: {
      get: async (_context, reference) => {
        if (!reference.startsWith("mail")) throw new AppError("unknown_dataset");
        const curated = reference !== "mail@1";
        return {
          reference: curated ? "mail@2" : "mail@1",
          lineage: {
            parent: curated ? "mail@1" : null,
            workflowId: null,
            sources: [{ kind: curated ? "inferences" : "upload", reference: "x", rows: 1 }],
          },
        } as never;
      },
    },
    models: {
      train: async (_context, _input, run) =>
        run.step("train", async () => {
          const error = script.trainingError;
          script.trainingError = null;
          if (error !== null) throw error;
          const version = ++versions;
          return { runId: createId(), reference: { model: "triage", version, hash: "0".repeat(64) } };
        }),
      moveAlias: async (_tx, { version }) => {
        if (champions.at(-1) !== version) champions.push(version);
      },
    },
    functions: {
      definitions: [definition],
      definition: (name) => {
        if (name !== functionName) throw new AppError("unknown_function");
        return definition;
      },
      bind: async (_context, input) => keep(bindingOf(input.variant, input.versions?.["triage"] ?? 1)),
      binding: async (_context, hash) =>
        [bindingOf("plain", 0), ...everyVersion.map((version) => bindingOf("learned", version))].find((each) => each.hash === hash) ?? null,
      arms: async () => ({ function: functionName, release: null, arms: [] }),
      setArms,
    },
    feedback: {
      curate: async (_context, input, run) => {
        if (input.parent !== "mail@1") throw new Error(`curated from ${input.parent}`);
        return run.step("collect", async () => "mail@2");
      },
      countLabels: async () => script.labels,
    },
    evaluation: {
      compare: async (_context, comparison, run) =>
        run.step(
          "compare",
          async () =>
            ({
              id: createId(),
              verdict: script.verdict,
              reason: `It is a ${script.verdict}.`,
              rulesAreEnough: false,
              dataset: comparison.dataset,
            }) as never,
        ),
    },
    monitoring: {
      alerts: async () => script.alerts as never,
      linkWorkflow: async (_context, id, workflowId) => {
        script.alerts = script.alerts.map((alert) => (alert.id === id ? { ...alert, workflowId } : alert));
      },
    },
  };
  const release = createRelease(deps);
  await jobs.start("up");

  async function arms(): Promise<{ binding: string; variant: string; role: string; share: number; release: string | null }[]> {
    const { rows } = await store.sql.as(context, (tx) =>
      tx.client.query<{ binding: string; variant: string; role: string; share: number; release: string | null }>(
        "select binding, variant, role, share, release_id as release from functions_arms where project_id = $1 and function = $2 order by position",
        [tx.projectId, functionName],
      ),
    );
    return rows;
  }

  return {
    store,
    jobs,
    release,
    script,
    audited,
    champions,
    arms,
    async serve(count, how = {}) {
      const now = await arms();
      const shadow = now.find((arm) => arm.role === "shadow");
      const canary = now.find((arm) => arm.role === "canary");
      const stable = now.find((arm) => arm.role === "stable")!;
      await store.sql.as(context, async (tx) => {
        for (let index = 0; index < count; index++) {
          // Half and half, so that few requests say much.
          const arm = canary !== undefined && index % 2 === 0 ? canary : stable;
          const fallback = arm === canary && how.fallbackOnCanary === true;
          const id = createId();
          await tx.client.query(
            `insert into functions_inferences (project_id, id, function, status, variant, binding, arm, release_id, fallback, label, latency_ms, caller, recorded_at, occurred_at)
             values ($1, $2, $3, 'ok', $4, $5, $6, $7, $8, $9, 3, 'test', now(), now())`,
            [tx.projectId, id, functionName, arm.variant, arm.binding, arm.role, arm.release, fallback, how.label ?? "ham"],
          );
          await tx.client.query(
            "insert into feedback_labels (project_id, inference_id, function, label, source, item_id, occurred_at, recorded_at) values ($1, $2, $3, 'ham', 'test', $2, now(), now())",
            [tx.projectId, id, functionName],
          );
          if (shadow === undefined) continue;
          await tx.client.query(
            `insert into functions_shadows (project_id, id, inference_id, function, variant, binding, output, label, agrees, error, latency_ms, recorded_at)
             values ($1, $2, $3, $4, $5, $6, 'null', $7, true, $8, 3, now())`,
            [
              tx.projectId,
              createId(),
              id,
              functionName,
              shadow.variant,
              shadow.binding,
              how.shadowLabel ?? "ham",
              how.shadowError === true ? "variant_failed" : null,
            ],
          );
        }
      });
    },
    async firstStart() {
      const binding = await keep(bindingOf("learned", 1));
      await store.sql.as(context, (tx) =>
        setArms(tx, {
          function: functionName,
          release: null,
          arms: [{ binding: binding.hash, variant: "learned", role: "stable", share: 1 }],
        }),
      );
      return binding;
    },
    async close() {
      await jobs.close();
      await store.close();
    },
  };
}
