import { decodeWhole, encodingOf } from "./decode-whole.ts";
import { attemptError, clockRanOut } from "./failures.ts";
import { OpenSend } from "./open-send.ts";
import type { ChatReply, SendRequest } from "./types.ts";

const defaultMaxBytes = 32 * 1024 * 1024;

/**
 * One attempt at one target. Answers what the provider answered, refusals too. Throws `deadline_exceeded` with the clock that ran out,
 * `provider_failed` for what the connection did, `egress_refused` for a host that is not configured, or the signal's reason.
 */
export async function sendChat(request: SendRequest): Promise<ChatReply> {
  const { egress, url, name, headers, body, clocks, signal, maxBytes = defaultMaxBytes } = request;
  const totalMs = timerMs(clocks.totalMs);
  if (signal?.aborted === true) throw signal.reason;
  if (clocks.totalMs <= 0) throw clockRanOut("total", clocks.totalMs, name);
  const open = new OpenSend({ ...request, maxBytes, clocks: { ...clocks, totalMs } });
  try {
    open.start(
      egress.dispatch(
        {
          url,
          method: "POST",
          headers: { "content-type": "application/json", ...headers, "accept-encoding": "identity" },
          body,
          signal,
          limits: { headersMs: totalMs, idleMs: totalMs, totalMs, maxResponseBytes: maxBytes, maxRedirects: 0 },
        },
        open,
      ),
    );
  } catch (error) {
    open.stop();
    throw attemptError(error, { name, totalMs });
  }
  const reply = await open.reply;
  const encoding = encodingOf(reply.headers);
  if (reply.kind === "stream" || encoding === "identity") return reply;
  return { ...reply, bytes: await decodeWhole(reply.bytes, encoding, maxBytes) };
}

/** Timers take whole milliseconds and not too many; one out of range would ring at once. */
function timerMs(ms: number): number {
  return Math.min(2 ** 31 - 1, Math.max(1, Math.ceil(ms)));
}
