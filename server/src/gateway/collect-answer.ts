import type { ChatAnswer, ChatEvent, ContentPart, FinishReason, LogProbability, Usage } from "./types.ts";

type Open = { -readonly [K in keyof ContentPart]: ContentPart[K] } & Record<string, unknown>;

/** Puts a streamed answer together again, for the evidence. What was cut is as long as it came. */
export class AnswerCollector {
  #id = "";
  #model = "";
  #finish: FinishReason = "unknown";
  #stopSequence: string | undefined;
  #usage: Usage | null = null;
  readonly #parts = new Map<number, Open>();
  readonly #logProbabilities: LogProbability[] = [];
  /** Characters of all parts. */
  size = 0;
  /** Whether anything came that a caller could use. */
  hasContent = false;
  /** Whether the provider said that it was whole. */
  ended = false;

  add(event: ChatEvent): void {
    switch (event.type) {
      case "start":
        [this.#id, this.#model] = [event.id, event.model];
        return;
      case "text":
        this.#append(event.part, { type: "text", text: "" }, "text", event.text);
        if (event.logProbabilities !== undefined) this.#logProbabilities.push(...event.logProbabilities);
        return;
      case "refusal":
        return this.#append(event.part, { type: "refusal", text: "" }, "text", event.text);
      case "thinking":
        return this.#append(event.part, { type: "thinking", text: "" }, "text", event.text);
      case "signature":
        return this.#append(event.part, { type: "thinking", text: "" }, "signature", event.signature);
      case "redacted-thinking":
        return this.#append(event.part, { type: "redacted-thinking", data: "" }, "data", event.data);
      case "tool-call":
        return this.#append(event.part, { type: "tool-call", id: event.id, name: event.name, arguments: "" }, "arguments", "");
      case "arguments":
        return this.#append(event.part, { type: "tool-call", id: "", name: "", arguments: "" }, "arguments", event.text);
      case "foreign": {
        const { part, ...foreign } = event;
        this.#parts.set(part, foreign);
        this.size += JSON.stringify(foreign.value).length;
        this.hasContent = true;
        return;
      }
      case "usage":
        this.#usage = event.usage;
        return;
      case "finish":
        [this.#finish, this.#stopSequence] = [event.finish, event.stopSequence];
        return;
      case "end":
        this.ended = true;
        return;
      case "error":
        return;
    }
  }

  answer(): ChatAnswer {
    return {
      id: this.#id,
      model: this.#model,
      content: [...this.#parts].toSorted(([a], [b]) => a - b).map(([, part]) => part as unknown as ContentPart),
      finish: this.#finish,
      ...(this.#stopSequence === undefined ? {} : { stopSequence: this.#stopSequence }),
      usage: this.#usage,
      ...(this.#logProbabilities.length === 0 ? {} : { logProbabilities: this.#logProbabilities }),
    };
  }

  #append(index: number, empty: Record<string, unknown>, field: string, text: string): void {
    let part = this.#parts.get(index);
    if (part === undefined) this.#parts.set(index, (part = empty as Open));
    part[field] = `${(part[field] as string | undefined) ?? ""}${text}`;
    this.size += text.length;
    if (text !== "" || empty["type"] === "tool-call") this.hasContent = true;
  }
}
