import { z } from "zod";
import { readJson, readLines } from "./read-json.ts";
import { type SendDeps, send } from "./send.ts";
import type { BatchProtocol, BatchReply } from "./types.ts";

const fileSchema = z.object({ id: z.string() });
const batchSchema = z.object({
  id: z.string(),
  status: z.string(),
  output_file_id: z.string().nullish(),
  error_file_id: z.string().nullish(),
  errors: z.object({ data: z.array(z.object({ message: z.string().nullish() })).nullish() }).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
});
const listSchema = z.object({ data: z.array(batchSchema), has_more: z.boolean().optional() });
const replySchema = z.object({
  custom_id: z.string(),
  response: z.object({ status_code: z.int(), body: z.unknown() }).nullish(),
  error: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
});

const endings = ["completed", "failed", "expired", "cancelled"];
/** Our own id of it, in the batch's metadata. */
const markName = "millrace_batch";

/** Questions as a file, a batch over the file, and what it gave as two files: answers and errors. */
export function openaiBatches(deps: SendDeps): BatchProtocol {
  async function look(id: string) {
    return readJson(await send(`/batches/${id}`, {}, deps), batchSchema);
  }

  return {
    async submit({ mark, questions }) {
      const lines = questions.map(
        ({ id, body }) => `{"custom_id":${JSON.stringify(id)},"method":"POST","url":"/v1/chat/completions","body":${body}}\n`,
      );
      const file = readJson(await send("/files", { method: "POST", ...formOf(mark, lines) }, deps), fileSchema);
      const body = {
        input_file_id: file.id,
        endpoint: "/v1/chat/completions",
        completion_window: "24h",
        metadata: { [markName]: mark },
      };
      return readJson(await send("/batches", { method: "POST", body: JSON.stringify(body) }, deps), batchSchema).id;
    },

    async find({ mark }) {
      let after = "";
      for (;;) {
        const page = readJson(await send(`/batches?limit=100${after}`, {}, deps), listSchema);
        const found = page.data.find(({ metadata }) => metadata?.[markName] === mark);
        if (found !== undefined) return found.id;
        const last = page.data.at(-1);
        if (page.has_more !== true || last === undefined) return null;
        after = `&after=${encodeURIComponent(last.id)}`;
      }
    },

    async state(id) {
      const { status, errors } = await look(id);
      const said = errors?.data?.map(({ message }) => message ?? "").join("; ");
      return { ended: endings.includes(status), status, refused: status === "failed" ? said || "it does not say why" : null };
    },

    async replies(id) {
      const { output_file_id, error_file_id } = await look(id);
      const replies: BatchReply[] = [];
      for (const file of [output_file_id, error_file_id])
        if (file !== null && file !== undefined)
          for (const line of readLines(await send(`/files/${file}/content`, {}, deps), replySchema)) replies.push(toReply(line));
      return replies;
    },

    async cancel(id) {
      await send(`/batches/${id}/cancel`, { method: "POST", body: "{}" }, deps);
    },
  };
}

function toReply({ custom_id: id, response, error }: z.output<typeof replySchema>): BatchReply {
  if (response?.status_code === 200) return { id, body: response.body };
  const said = (response?.body as { error?: { message?: unknown } } | null | undefined)?.error?.message ?? error?.message;
  const reason = error?.code ?? String(response?.status_code ?? "error");
  return { id, error: { reason, message: typeof said === "string" ? said : reason } };
}

function formOf(mark: string, lines: readonly string[]) {
  const boundary = `millrace-${mark}`;
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${mark}.jsonl"\r\ncontent-type: application/jsonl\r\n\r\n`;
  return { type: `multipart/form-data; boundary=${boundary}`, body: Buffer.from(`${head}${lines.join("")}\r\n--${boundary}--\r\n`) };
}
