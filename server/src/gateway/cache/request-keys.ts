import { createHash } from "node:crypto";
import { canonicalJson } from "../../core/index.ts";
import { readSaid } from "../read-said.ts";
import type { GatewayCall } from "../stage.ts";
import type { ChatMessage, ChatRequest, ContentPart } from "../types.ts";
import type { ExactConfig } from "./config.ts";

export interface RequestKeys {
  /** Of the whole question. */
  readonly exact: string;
  /** Of all of it but the words of the last message; null where that is more than words. */
  readonly group: string | null;
  /** Those words. */
  readonly question: string;
}

/** What does not change an answer: how it is told, billed and filed. */
const noise = /^(stream_options(\..*)?|prompt_cache_key|prompt_cache_retention|safety_identifier)$/;
/** What makes an answer that is not one, or that depends on what the provider holds. */
const unkept = new Set(["n", "modalities", "audio", "background", "conversation", "thread"]);

/** What a question is known by; null for one whose answer cannot be told again. Equal keys: equal in all that can change an answer. */
export function keysOf(call: GatewayCall, scope: ExactConfig["scope"]): RequestKeys | null {
  const { request, resolved, origin } = call;
  const foreign = Object.entries(request.foreign).filter(([name]) => !noise.test(name));
  if (foreign.some(([name, value]) => unkept.has(name) && value !== 1)) return null;
  const { model: _model, dialect, stream, user: _user, metadata: _metadata, foreign: _foreign, messages, ...parameters } = request;
  const said = readSaid(call);
  const rest = {
    project: origin.projectId,
    scope: scopeOf(call, scope),
    function: origin.function,
    model: resolved.name,
    targets: resolved.targets.map(({ name }) => name),
    // A rule may send a question somewhere else by these.
    ...(resolved.alias?.choose === "rules" ? { routed: { stream, user: said.user ?? null, metadata: said.tags } } : {}),
    ...parameters,
    ...(call.betas === undefined ? {} : { betas: call.betas }),
    system: request.system.map(unmarked),
    tools: request.tools?.map(unmarked),
    ...(foreign.length === 0 ? {} : { dialect, foreign: Object.fromEntries(foreign) }),
  };
  const turns = messages.map(({ content, ...message }) => ({ ...message, content: content.map(unmarked) }));
  const question = wordsOf(messages.at(-1));
  const group = question === null ? null : hash({ ...rest, before: turns.slice(0, -1), name: messages.at(-1)!.name ?? null });
  return { exact: hash({ ...rest, messages: turns }), group, question: question ?? "" };
}

/** Two calls by different people have the same when the answer of one may be told to the other. */
function scopeOf({ origin }: GatewayCall, scope: ExactConfig["scope"]): string {
  if (scope === "project") return "";
  if (scope === "rights" && origin.rights !== undefined) return `rights:${origin.rights}`;
  return `principal:${origin.principalId}`;
}

/** Marks for a provider's own cache change a price and no answer. */
function unmarked<Part extends { readonly cache?: unknown }>(part: ContentPart | Part): unknown {
  const { cache: _cache, ...rest } = part as { cache?: unknown; content?: readonly ContentPart[] };
  return Array.isArray(rest.content) ? { ...rest, content: rest.content.map((each: ContentPart) => unmarked(each)) } : rest;
}

function wordsOf(message: ChatMessage | undefined): string | null {
  if (message?.role !== "user" || !message.content.every((part) => part.type === "text")) return null;
  const text = message.content
    .map((part) => part.text)
    .join("\n")
    .trim();
  return text === "" ? null : text;
}

/** Whether the same question gets the same answer, as far as a model can be held to it. */
export function isSteady({ temperature }: ChatRequest): boolean {
  return temperature === 0;
}

function hash(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("base64url");
}
