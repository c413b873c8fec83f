import { InvalidArgumentError } from "commander";
import { duration, inline } from "../format.ts";
import type { Session } from "../session.ts";
import { parseInput, readText } from "./input.ts";
import { facts } from "./show.ts";
import { type Verb, collect, collectPairs, parseWhole } from "./verb.ts";

/** `infer`: the input as JSON, as @file, as fields, or from standard input. */
export const inferVerb: Omit<Verb, "usage"> = {
  description: "ask a function",
  example: 'infer triage-mail --field subject="You have won" --field body="Claim your prize now"',
  options: [
    { flags: "--field <name=value>", description: "one field of the input; may be repeated", parse: collectPairs },
    { flags: "--occurred <instant>", description: "when it happened; ISO 8601, never in the future" },
    { flags: "--deadline <ms>", description: "milliseconds you will wait", parse: parseWhole },
    { flags: "--drill <variants>", description: "variants treated as failing, to exercise the fallback", parse: collect },
    { flags: "--idempotency-key <key>", description: "a repeat with the same key and input answers the same" },
  ],
  run: async (session, [name, text], options) => {
    const input = await inputOf(session, text, options["field"] as Record<string, unknown> | undefined);
    const body = {
      input,
      ...(options["occurred"] === undefined ? {} : { occurredAt: options["occurred"] as string }),
      ...(options["deadline"] === undefined ? {} : { deadlineMs: options["deadline"] as number }),
      ...(options["drill"] === undefined ? {} : { drill: options["drill"] as string[] }),
    };
    const idempotencyKey = options["idempotencyKey"] as string | undefined;
    const answer = await session.call(
      "functions.infer",
      { parameters: { name: name! }, body },
      idempotencyKey === undefined ? {} : { idempotencyKey },
    );
    session.show(answer, () => {
      const output: [string, string][] =
        answer.output !== null && typeof answer.output === "object" && !Array.isArray(answer.output)
          ? Object.entries(answer.output).map(([field, value]) => [field, inline(value)])
          : [["output", inline(answer.output)]];
      return facts(session, [
        ...output.map(([field, value]) => [field, session.palette.strong(value)] as const),
        ["variant", `${answer.variant}${answer.fallback ? session.palette.warn(" (fallback)") : ""}`],
        ["time", duration(answer.latencyMs)],
        ["inference", answer.inferenceId],
      ]);
    });
    session.hint(`Why: millrace explain ${answer.inferenceId}`);
  },
};

async function inputOf(session: Session, text: string | undefined, fields: Record<string, unknown> | undefined): Promise<unknown> {
  if (fields !== undefined) {
    if (text !== undefined) throw new InvalidArgumentError("Give the input once: as JSON, or as --field name=value.");
    return fields;
  }
  const source = text === undefined || text === "-" ? "standard input" : text.startsWith("@") ? text.slice(1) : "the argument";
  const content =
    text === undefined || text === "-" ? await session.terminal.readInput() : text.startsWith("@") ? readText(text.slice(1)) : text;
  return parseInput(content, source);
}
