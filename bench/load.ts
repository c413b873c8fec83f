import { Pool } from "undici";

export interface Target {
  readonly url: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  /** The body of the n-th request. */
  readonly body: (index: number) => string;
}

export interface LoadResult {
  readonly latenciesMs: Float64Array;
  readonly seconds: number;
  readonly failures: number;
}

async function send(pool: Pool, target: Target, index: number): Promise<boolean> {
  const { statusCode, body } = await pool.request({
    method: "POST",
    path: target.path,
    headers: { "content-type": "application/json", ...target.headers },
    body: target.body(index),
  });
  await body.arrayBuffer();
  return statusCode === 200;
}

/** As many requests as told, a fixed number at a time. */
export async function closedLoad(target: Target, options: { requests: number; concurrency: number }): Promise<LoadResult> {
  const pool = new Pool(target.url, { connections: options.concurrency, pipelining: 1 });
  const latenciesMs = new Float64Array(options.requests);
  let next = 0;
  let failures = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: options.concurrency }, async () => {
      while (next < options.requests) {
        const index = next++;
        const from = performance.now();
        if (!(await send(pool, target, index))) failures += 1;
        latenciesMs[index] = performance.now() - from;
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  await pool.close();
  return { latenciesMs, seconds, failures };
}

/** A fixed rate, whatever the answers do: latency counts from the moment a request was due (no coordinated omission). */
export async function openLoad(target: Target, options: { ratePerSecond: number; seconds: number }): Promise<LoadResult> {
  const pool = new Pool(target.url, { connections: 64, pipelining: 1 });
  const total = Math.round(options.ratePerSecond * options.seconds);
  const latenciesMs = new Float64Array(total);
  const pending: Promise<void>[] = [];
  let failures = 0;
  const started = performance.now();
  for (let index = 0; index < total;) {
    const due = started + (index * 1000) / options.ratePerSecond;
    if (performance.now() < due) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      continue;
    }
    const at = index++;
    pending.push(
      send(pool, target, at)
        .catch(() => false)
        .then((ok) => {
          if (!ok) failures += 1;
          latenciesMs[at] = performance.now() - due;
        }),
    );
  }
  await Promise.all(pending);
  const seconds = (performance.now() - started) / 1000;
  await pool.close();
  return { latenciesMs, seconds, failures };
}

export function percentile(values: Float64Array | readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}
