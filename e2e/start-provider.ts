import { type IncomingHttpHeaders, createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProviderWire, Said } from "./provider-wires.ts";
import { listenOnLoopback } from "../server/test/listen-on-loopback.ts";

export interface ProviderRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface StartedProvider {
  readonly origin: string;
  readonly port: number;
  readonly requests: ProviderRequest[];
  close(): Promise<void>;
}

const words = ["The quick", " brown", " fox."];
const call = { id: "call-1", name: "look_up", input: { city: "Zürich", days: 3 } };

/**
 * A provider on loopback in its own wire format. The model's name says what it does: `ok`, `tools` (a call of `look_up`),
 * `busy` (429, always), `busy-once` (429 to the first that asks), `cut` (a stream that is reset after its first event).
 */
export async function startProvider(wire: ProviderWire): Promise<StartedProvider> {
  const requests: ProviderRequest[] = [];
  let refused = 0;
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const path = request.url ?? "";
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      requests.push({ path, headers: request.headers, body });
      const match = wire.path.exec(path);
      if (match === null) return response.writeHead(404).end();
      const model = match[1] ?? String(body["model"]);
      if (model === "busy" || (model === "busy-once" && refused++ === 0))
        return response.writeHead(429, { "content-type": "application/json", "retry-after": "1" }).end(JSON.stringify(wire.error(429)));
      const said: Said = { words, call: model === "tools" ? call : undefined };
      if (!wire.isStream(path, body))
        return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(wire.answer(said)));
      response.writeHead(200, { "content-type": wire.streamType });
      const events = wire.events(said);
      // In the middle of an event too: a reader waits for the rest of it.
      const bytes = Buffer.concat(model === "cut" ? events.slice(0, -1) : events);
      for (let at = 0; at < bytes.length; at += 100) {
        response.write(bytes.subarray(at, at + 100));
        await sleep(1);
      }
      if (model === "cut") return response.socket?.resetAndDestroy();
      return response.end();
    })();
  });
  return { ...(await listenOnLoopback(server)), requests };
}
