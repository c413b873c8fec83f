import type { Clock } from "../core/index.ts";
import type { Sql } from "../storage/index.ts";
import { type IdempotencyStore, idempotencyTtlMs, scopeText } from "./idempotency.ts";
import { deleteIdempotencyKeys, findIdempotencyKey, listIdempotencyKeys } from "./idempotency-repository.ts";
import { findInference } from "./repository.ts";
import { writeAnswer } from "./infer.ts";

/** Idempotency keys in SQL: written by the drain, read where memory does not know. */
export function createIdempotencyStore(sql: Sql, clock: Clock): IdempotencyStore & { purge(): Promise<void> } {
  const oldest = () => new Date(clock.now() - idempotencyTtlMs).toISOString();
  return {
    async recent(limit) {
      const rows = await sql.system("recovery", (tx) => listIdempotencyKeys(tx, { since: oldest(), limit }));
      return rows.map((row) => ({ ...row, scope: scopeText(row) }));
    },
    find: (scope) => sql.as(scope, (tx) => findIdempotencyKey(tx, scope)),
    async answer(projectId, inferenceId) {
      const found = await sql.as({ projectId, principalId: "system:functions" }, (tx) => findInference(tx, inferenceId));
      if (found === null || found.body === null || found.body.erased_hash !== null) return null;
      const { inference, body } = found;
      return writeAnswer(
        {
          inferenceId: inference.id,
          function: inference.function,
          variant: inference.variant!,
          binding: inference.binding!,
          fallback: inference.fallback,
          latencyMs: inference.latency_ms,
        },
        body.output,
      );
    },
    purge: () => sql.system("retention", (tx) => deleteIdempotencyKeys(tx, oldest())),
  };
}
