import { onTestFinished } from "vitest";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { openEgress } from "../../core/egress/test-egress.ts";
import type { Egress } from "../../core/index.ts";
import { sendChat } from "./send.ts";
import type { ChatReply, SendClocks, SendRequest } from "./types.ts";

export interface SendWorld {
  readonly upstream: ScriptedUpstream;
  readonly egress: Egress;
  send(model: string, given?: GivenSend): Promise<ChatReply>;
}

export interface GivenSend extends Partial<Omit<SendRequest, "clocks">> {
  readonly clocks?: Partial<SendClocks>;
}

/** A scripted provider and the way to it. */
export async function openSendWorld(): Promise<SendWorld> {
  const upstream = await startScriptedUpstream();
  onTestFinished(() => upstream.close());
  const egress = openEgress({ ports: [upstream.port] });
  return {
    upstream,
    egress,
    send: (model, { clocks, stream = true, ...given } = {}) =>
      sendChat({
        egress,
        url: `http://upstream.test:${upstream.port}/v1/chat/completions`,
        name: "scripted/model",
        headers: { authorization: "Bearer key" },
        body: JSON.stringify({ model, stream, messages: [{ role: "user", content: "say this" }] }),
        stream,
        clocks: { totalMs: 20_000, firstTokenMs: 20_000, gapMs: 20_000, ...clocks },
        ...given,
      }),
  };
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

/** What came of a stream, and what ended it. */
export async function readAll(reply: ChatReply): Promise<{ text: string; error: unknown }> {
  if (reply.kind === "whole") return { text: textOf(reply.bytes), error: undefined };
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of reply.chunks) chunks.push(chunk);
    return { text: textOf(Buffer.concat(chunks)), error: undefined };
  } catch (error) {
    return { text: textOf(Buffer.concat(chunks)), error };
  }
}
