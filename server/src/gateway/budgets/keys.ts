import { z } from "zod";
import { type AmountKind, amountKinds } from "./amounts.ts";
import type { Bucket } from "./buckets.ts";

/** What one count is of. */
export interface CountName {
  readonly projectId: string;
  readonly budget: string;
  readonly kind: AmountKind;
  readonly bucket: Bucket;
}

const keySchema = z.tuple([z.string(), z.string(), z.enum(amountKinds), z.record(z.string(), z.string())]);

export function formatKey({ projectId, budget, kind, bucket }: CountName): string {
  return JSON.stringify([projectId, budget, kind, bucket]);
}

/** Null for a key that somebody else wrote. */
export function parseKey(key: string): CountName | null {
  try {
    const [projectId, budget, kind, bucket] = keySchema.parse(JSON.parse(key));
    return { projectId, budget, kind, bucket };
  } catch {
    return null;
  }
}
