import { pathOf } from "../dialects/paths.ts";
import type { ChatRequest, ContentPart, MediaSource } from "../types.ts";
import type { FileData, PromptMessage, PromptPart } from "./language-model.ts";

interface Writing {
  /** What the provider fetches itself; we fetch nothing for it. */
  readonly urls: Readonly<Record<string, RegExp[]>>;
  readonly problems: Map<string, string>;
  /** Names of tools by the id of their call: a result goes with both. */
  readonly tools: Map<string, string>;
}

export function writePrompt(
  { system, messages }: ChatRequest,
  urls: Writing["urls"],
  problems: Writing["problems"],
): readonly PromptMessage[] {
  const writing: Writing = { urls, problems, tools: new Map() };
  const prompt: PromptMessage[] = system.map(({ text }) => ({ role: "system", content: text }));
  for (const [index, message] of messages.entries()) {
    const path = pathOf(message, `messages.${index}`);
    if (message.name !== undefined) problems.set(`${path}.name`, "");
    for (const [at, part] of message.content.entries()) {
      const written = writePart(part, pathOf(part, `${path}.content.${at}`), writing);
      if (written === undefined) continue;
      const role = written.type === "tool-result" ? "tool" : message.role;
      const last = prompt.at(-1);
      // Parts of one message stay together; results of tools are a message of their own.
      if (at > 0 && last?.role === role) (last.content as PromptPart[]).push(written);
      else prompt.push({ role, content: [written] });
    }
  }
  return prompt;
}

function writePart(part: ContentPart, path: string, writing: Writing): PromptPart | undefined {
  const refuse = (why: string) => void writing.problems.set(path, why);
  switch (part.type) {
    case "text":
    case "refusal":
      return { type: "text", text: part.text };
    case "thinking":
      if (part.signature !== undefined) return refuse("a signed thought of another provider");
      return { type: "reasoning", text: part.text };
    case "image":
    case "file": {
      const written = writeSource(part.source, part.type === "image" ? "image/*" : "application/octet-stream", writing);
      if (written === undefined)
        return refuse(part.source.kind === "id" ? "a file at another provider" : "an address its provider does not fetch");
      return { type: "file", ...written, ...(part.type === "file" && part.name !== undefined ? { filename: part.name } : {}) };
    }
    case "tool-call":
      writing.tools.set(part.id, part.name);
      return { type: "tool-call", toolCallId: part.id, toolName: part.name, input: readArguments(part.arguments) };
    case "tool-result": {
      if (part.content.some(({ type }) => type !== "text")) return refuse("more than text in a tool's result");
      const value = part.content.map((each) => ("text" in each ? each.text : "")).join("\n");
      const toolName = writing.tools.get(part.callId) ?? part.callId;
      return {
        type: "tool-result",
        toolCallId: part.callId,
        toolName,
        output: { type: part.failed === true ? "error-text" : "text", value },
      };
    }
    case "redacted-thinking":
    case "foreign":
      return refuse(part.type === "foreign" ? `of ${part.dialect}` : "a thought of another provider");
  }
}

function writeSource(source: MediaSource, anyType: string, { urls }: Writing): { data: FileData; mediaType: string } | undefined {
  if (source.kind === "data") return { data: { type: "data", data: source.data }, mediaType: source.mediaType };
  if (source.kind === "id" || !URL.canParse(source.url)) return undefined;
  const family = anyType.slice(0, anyType.indexOf("/"));
  const isFetched = Object.entries(urls).some(
    ([type, patterns]) => (type.startsWith("*") || type.startsWith(`${family}/`)) && patterns.some((pattern) => pattern.test(source.url)),
  );
  return isFetched ? { data: { type: "url", url: new URL(source.url) }, mediaType: anyType } : undefined;
}

function readArguments(text: string): unknown {
  try {
    return JSON.parse(text === "" ? "{}" : text);
  } catch {
    return text;
  }
}
