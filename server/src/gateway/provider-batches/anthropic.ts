import { z } from "zod";
import { AppError } from "../../core/index.ts";
import { readJson, readLines } from "./read-json.ts";
import { type SendDeps, send } from "./send.ts";
import type { BatchProtocol, BatchReply } from "./types.ts";

const batchSchema = z.object({
  id: z.string(),
  processing_status: z.string(),
  created_at: z.iso.datetime({ offset: true }),
  request_counts: z.record(z.string(), z.int()),
});
const listSchema = z.object({ data: z.array(batchSchema), has_more: z.boolean().optional(), last_id: z.string().nullish() });
const replySchema = z.object({
  custom_id: z.string(),
  result: z.discriminatedUnion("type", [
    z.object({ type: z.literal("succeeded"), message: z.unknown() }),
    z.object({ type: z.literal("errored"), error: z.object({ error: z.object({ type: z.string(), message: z.string() }) }) }),
    z.object({ type: z.literal("canceled") }),
    z.object({ type: z.literal("expired") }),
  ]),
});

/** Clocks differ by this much at most. */
const skewMs = 60_000;

/** One request that holds all questions. It has no place for a mark of ours but the ids of the questions. */
export function anthropicBatches(deps: SendDeps): BatchProtocol {
  return {
    async submit({ questions }) {
      const requests = questions.map(({ id, body }) => `{"custom_id":${JSON.stringify(id)},"params":${body}}`);
      const body = Buffer.from(`{"requests":[${requests.join(",")}]}`);
      return readJson(await send("/messages/batches", { method: "POST", body }, deps), batchSchema).id;
    },

    /** By its time and its size, since no list shows the ids of questions. */
    async find({ count, since, known }) {
      const alike: string[] = [];
      let after = "";
      for (;;) {
        const page = readJson(await send(`/messages/batches?limit=100${after}`, {}, deps), listSchema);
        const recent = page.data.filter(({ created_at }) => Date.parse(created_at) >= since - skewMs);
        for (const { id, request_counts } of recent) if (sum(request_counts) === count && !known.includes(id)) alike.push(id);
        if (recent.length < page.data.length || page.has_more !== true || !page.last_id) break;
        after = `&after_id=${encodeURIComponent(page.last_id)}`;
      }
      if (alike.length < 2) return alike[0] ?? null;
      throw new AppError(
        "conflict",
        `This batch may be one of ${alike.join(", ")} at ${deps.target.provider}: they have its size and its time. Nothing is sent a second time; look which it is there, cancel it, and start the batch anew.`,
        { details: { alike } },
      );
    },

    async state(id) {
      const { processing_status: status } = readJson(await send(`/messages/batches/${id}`, {}, deps), batchSchema);
      return { ended: status === "ended", status, refused: null };
    },

    async replies(id) {
      // The address it names for them is this one; the key goes nowhere else.
      return readLines(await send(`/messages/batches/${id}/results`, {}, deps), replySchema).map(toReply);
    },

    async cancel(id) {
      await send(`/messages/batches/${id}/cancel`, { method: "POST", body: "{}" }, deps);
    },
  };
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function toReply({ custom_id: id, result }: z.output<typeof replySchema>): BatchReply {
  if (result.type === "succeeded") return { id, body: result.message };
  if (result.type !== "errored") return { id, error: { reason: result.type, message: `the batch was ${result.type} before it was asked` } };
  const { type, message } = result.error.error;
  return { id, error: { reason: type, message } };
}
