import fc from "fast-check";
import { expect, test } from "vitest";
import type { ChatRequest, ContentPart } from "../types.ts";
import { estimateText, estimateTokens } from "./estimate-tokens.ts";

function request(content: readonly ContentPart[], more: Partial<ChatRequest> = {}): ChatRequest {
  return { model: "m", system: [], messages: [{ role: "user", content }], stream: false, maxTokens: null, foreign: {}, ...more };
}

const text = (value: string): ContentPart => ({ type: "text", text: value });

test("plain text is a token for four characters, other scripts one for each", () => {
  expect(estimateText("")).toBe(0);
  expect(estimateText("word word word word!")).toBe(5);
  expect(estimateText("日本語")).toBe(3);
  expect(estimateText("Straße")).toBe(3);
});

test("whatever is added makes a request larger, wherever it stands", () => {
  const part = fc.oneof(
    fc.string({ minLength: 1 }).map(text),
    fc.constant<ContentPart>({ type: "image", source: { kind: "url", url: "https://example.com/a.png" } }),
    fc.record({ id: fc.string(), name: fc.string(), arguments: fc.string() }).map((call): ContentPart => ({ type: "tool-call", ...call })),
    fc.string().map((value): ContentPart => ({ type: "tool-result", callId: "c", content: [text(value)] })),
    fc.string({ minLength: 1 }).map((value): ContentPart => ({ type: "thinking", text: value })),
    fc.string({ minLength: 1 }).map((data): ContentPart => ({ type: "redacted-thinking", data })),
    fc.string().map((value): ContentPart => ({ type: "foreign", dialect: "openai-chat", path: "messages.0", value: { value } })),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), part, (parts, added) => {
      const before = estimateTokens(request(parts));
      expect(estimateTokens(request([...parts, added]))).toBeGreaterThan(before);
      expect(estimateTokens(request(parts, { system: [{ type: "text", text: "Be brief." }] }))).toBeGreaterThan(before);
      expect(estimateTokens(request(parts, { tools: [{ name: "t", parameters: {} }] }))).toBeGreaterThan(before);
    }),
  );
});

test("an image counts as one, and not by its letters", () => {
  const data = "A".repeat(1_000_000);
  const image = estimateTokens(request([{ type: "image", source: { kind: "data", mediaType: "image/png", data } }]));
  expect(image).toBeLessThan(2000);
  const file = estimateTokens(request([{ type: "file", source: { kind: "data", mediaType: "application/pdf", data } }]));
  expect(file).toBeGreaterThan(100_000);
});
