import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/*
 * A provider that costs as little as it can, so that what is measured is what stands before it. By the model's name:
 * `whole` answers at once; `stream:<events>` streams as fast as it is read; `paced:<events>:<ms>` one event each so many milliseconds.
 */
const whole = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1_700_000_000,
  model: "whole",
  choices: [
    { index: 0, message: { role: "assistant", content: "The quick brown fox jumps over the lazy dog. ".repeat(6) }, finish_reason: "stop" },
  ],
  usage: { prompt_tokens: 40, completion_tokens: 60, total_tokens: 100 },
});

function chunk(index: number, more: object): string {
  const choice = { index: 0, delta: {}, finish_reason: null, ...more };
  const body = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_700_000_000, model: "stream", choices: [choice] };
  return `data: ${JSON.stringify(index === 0 ? { ...body, system_fingerprint: "f" } : body)}\n\n`;
}

const words = (index: number) => chunk(index, { delta: index === 0 ? { role: "assistant", content: "0 " } : { content: `${index} ` } });
const usage = { prompt_tokens: 40, completion_tokens: 60, total_tokens: 100 };
const end =
  chunk(1, { finish_reason: "stop" }) +
  `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_700_000_000, model: "stream", choices: [], usage })}\n\n` +
  "data: [DONE]\n\n";

async function stream(response: ServerResponse, { events, pauseMs }: { events: number; pauseMs: number }): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const started = performance.now();
  for (let index = 0; index < events && !response.destroyed; index++) {
    // By the plan and not by the last one, or a late timer would slow all that follow.
    const wait = started + index * pauseMs - performance.now();
    if (pauseMs > 0 && wait > 0) await sleep(wait);
    if (!response.write(words(index)) && pauseMs === 0) await new Promise((resolve) => response.once("drain", resolve));
  }
  response.end(end);
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (each: Buffer) => chunks.push(each));
  request.on("end", () => {
    const { model } = JSON.parse(Buffer.concat(chunks).toString()) as { model: string };
    const [kind, events = "0", pauseMs = "0"] = model.split(":");
    if (kind !== "whole") return void stream(response, { events: Number(events), pauseMs: Number(pauseMs) });
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(whole) }).end(whole);
  });
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
