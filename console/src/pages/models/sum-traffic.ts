import type { ModelTraffic } from "@millrace/contract";
import { addDecimals } from "../../money.ts";

type Row = ModelTraffic["items"][number];
export type TrafficTotal = Pick<Row, "requests" | "failures" | "fallbacks" | "costUsd" | "costUnknown">;

/** Of several rows together. A cost that is known of none is not known. */
export function sumTraffic(rows: readonly Row[]): TrafficTotal {
  const add = (pick: (row: Row) => number) => rows.reduce((sum, row) => sum + pick(row), 0);
  const known = rows.flatMap(({ costUsd }) => (costUsd === null ? [] : [costUsd]));
  return {
    requests: add((row) => row.requests),
    failures: add((row) => row.failures),
    fallbacks: add((row) => row.fallbacks),
    costUsd: known.length === 0 ? null : addDecimals(known),
    costUnknown: add((row) => row.costUnknown),
  };
}
