import { idTime, defaultProjectId, silentLogger } from "../src/core/index.ts";
import { createSinks } from "../src/functions/index.ts";
import type { Sql } from "../src/storage/index.ts";

/** One answer, as the drain would store it. */
export interface TestInference {
  readonly id: string;
  readonly occurredAt: string;
  readonly label: string | null;
  readonly input: unknown;
  readonly function?: string;
  readonly status?: "ok" | "failed" | "refused" | "interrupted";
  readonly binding?: string | null;
  readonly confidence?: number;
  readonly fallback?: boolean;
  readonly latencyMs?: number;
}

/** Stores answers through the functions' own sink, without a journal. */
export async function insertEvidence(sql: Sql, inferences: readonly TestInference[]): Promise<void> {
  const [sink] = createSinks(silentLogger);
  for (let start = 0; start < inferences.length; start += 500) {
    const records = inferences.slice(start, start + 500).map((each) => {
      const record = {
        id: each.id,
        type: "inference",
        projectId: defaultProjectId,
        function: each.function ?? "triage-mail",
        status: each.status ?? "ok",
        variant: "learned",
        binding: each.binding ?? null,
        arm: "stable",
        release: null,
        fallback: each.fallback ?? false,
        label: each.label,
        confidence: each.confidence ?? 0.9,
        error: null,
        latencyMs: each.latencyMs ?? 3,
        caller: "key:test",
        occurredAt: Date.parse(each.occurredAt),
        input: JSON.stringify(each.input),
        output: JSON.stringify({ label: each.label, confidence: each.confidence ?? 0.9 }),
        steps: "[]",
        produced: "{}",
        metadata: "{}",
        recordedAt: idTime(each.id),
      };
      return { type: "inference", id: each.id, projectId: defaultProjectId, interrupted: false, record };
    });
    await sql.system("drain", (tx) => sink!.write(tx, records));
  }
}
