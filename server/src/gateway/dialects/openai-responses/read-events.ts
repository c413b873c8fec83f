import type { ChatEvent, EventReader, SseEvent } from "../../types.ts";
import { parseError } from "./errors.ts";
import { createItemReader } from "./read-items.ts";
import { readFinish } from "./status.ts";
import { parseUsage } from "./usage.ts";

type Raw = Readonly<Record<string, unknown>>;

/** One provider's stream. After its last word, or an error, nothing more comes. */
export function createReader(): EventReader {
  let isStarted = false;
  let isOver = false;
  const items = createItemReader();

  function fail(error: ReturnType<typeof parseError>): ChatEvent[] {
    isOver = true;
    return [{ type: "error", error }];
  }

  function start(response: Raw | undefined): ChatEvent[] {
    if (isStarted || response === undefined) return [];
    isStarted = true;
    return [{ type: "start", id: text(response["id"]), model: text(response["model"]) }];
  }

  function finish(response: Raw): ChatEvent[] {
    isOver = true;
    const usage = parseUsage(response["usage"]);
    return [
      { type: "finish", finish: readFinish(response, items.called()) },
      ...(usage === null ? [] : [{ type: "usage" as const, usage }]),
      { type: "end" },
    ];
  }

  function read(type: unknown, raw: Raw): ChatEvent[] {
    const response = record(raw["response"]);
    switch (type) {
      case "response.created":
      case "response.queued":
      case "response.in_progress":
        return start(response);
      case "response.completed":
      case "response.incomplete":
        // The event's name says it where a server leaves the status out.
        return [...start(response), ...finish({ status: String(type).slice("response.".length), ...response })];
      case "response.failed":
        return fail(parseError(null, record(response?.["error"]) ?? {}));
      case "error":
        return fail(parseError(null, raw["error"] === undefined ? { message: raw["message"], code: raw["code"] } : raw));
      default: {
        const events = items.read(text(type), raw);
        return events ?? fail(server(`An event of the stream is wrong: ${text(type)}.`));
      }
    }
  }

  return {
    push({ event, data }: SseEvent) {
      // Some servers end every stream as the older format does.
      if (isOver || data === "" || data.trim() === "[DONE]") return [];
      const raw = parse(data);
      if (raw === undefined) return fail(event === "error" ? parseError(null, data) : server("An event of the stream is no JSON object."));
      return read(raw["type"] ?? event, raw);
    },
    end() {
      isOver = true;
      return [];
    },
  };
}

function server(message: string) {
  return { status: null, kind: "server" as const, message };
}

function parse(data: string): Raw | undefined {
  try {
    return record(JSON.parse(data));
  } catch {
    return undefined;
  }
}

function record(value: unknown): Raw | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Raw) : undefined;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
