import { type FeedbackItem, type FeedbackReceipt } from "@millrace/contract";
import type { Client } from "@millrace/sdk";
import { createRandom } from "../core/index.ts";

export interface Reader {
  /** The reader has now seen this answer; what is true comes back days later, or never. */
  saw(inferenceId: string, occurredAt: string, trueLabel: string): void;
  /** Sends everything that is due at this moment of the mail's own time. */
  sendUntil(time: number): Promise<void>;
  sendAll(): Promise<void>;
  totals(): { accepted: number; repeated: number; refused: number; never: number };
}

interface Due extends FeedbackItem {
  readonly dueAt: number;
}

const day = 86_400_000;
const neverShare = 0.1;
const twiceShare = 0.05;

/** A simulated person who reads the mail: labels arrive one to four days late, a tenth never, one in twenty twice. */
export function createReader(client: Client, seed: number): Reader {
  const random = createRandom(seed);
  let waiting: Due[] = [];
  let never = 0;
  const sums = { accepted: 0, repeated: 0, refused: 0 };

  function saw(inferenceId: string, occurredAt: string, trueLabel: string): void {
    if (random.next() < neverShare) {
      never += 1;
      return;
    }
    const dueAt = Date.parse(occurredAt) + day + random.next() * 3 * day;
    const item = {
      inferenceId,
      kind: "label",
      value: trueLabel,
      source: "reader",
      occurredAt: new Date(dueAt).toISOString(),
      dueAt,
    } as const;
    waiting.push(item);
    if (random.next() < twiceShare) waiting.push({ ...item, dueAt: dueAt + day });
  }

  async function send(items: Due[]): Promise<void> {
    for (let start = 0; start < items.length; start += 500) {
      const batch = items.slice(start, start + 500).map(({ dueAt: _dueAt, ...item }) => item);
      const receipt: FeedbackReceipt = await client.call("feedback.submit", { body: { items: batch } });
      sums.accepted += receipt.accepted;
      sums.repeated += receipt.repeated;
      sums.refused += receipt.refused;
    }
  }

  async function sendUntil(time: number): Promise<void> {
    const due = waiting.filter((item) => item.dueAt <= time).sort((a, b) => a.dueAt - b.dueAt);
    waiting = waiting.filter((item) => item.dueAt > time);
    await send(due);
  }

  return { saw, sendUntil, sendAll: () => sendUntil(Number.POSITIVE_INFINITY), totals: () => ({ ...sums, never }) };
}
