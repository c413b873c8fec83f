import { duration, inline } from "../format.ts";
import { parseInput, readText } from "./input.ts";
import { table } from "./show.ts";
import { type Verb, parseWhole } from "./verb.ts";

/** `functions infer-many`: a file of JSON lines in one request. */
export const inferManyVerb: Verb = {
  usage: "infer-many <name> <file>",
  description: "ask a function about up to 256 inputs at once, from a file of JSON lines",
  example: "functions infer-many triage-mail inputs.jsonl",
  options: [{ flags: "--deadline <ms>", description: "milliseconds that each may take", parse: parseWhole }],
  run: async (session, [name, file], options) => {
    const lines = readText(file!).split("\n");
    const inputs = lines.flatMap((line, index) => (line.trim() === "" ? [] : [parseInput(line, `${file!}, line ${index + 1}`)]));
    const deadlineMs = options["deadline"] as number | undefined;
    const answer = await session.call("functions.inferMany", {
      parameters: { name: name! },
      body: { inputs, ...(deadlineMs === undefined ? {} : { deadlineMs }) },
    });
    const rows = answer.items.map((item, index) => ({ item, row: index + 1 }));
    session.show(answer, () =>
      table(session, rows, [
        { title: "ROW", value: ({ row }) => row, align: "right" },
        { title: "ANSWER", value: ({ item }) => ("error" in item ? item.error.code : inline(item.output)), flexible: true },
        { title: "VARIANT", value: ({ item }) => ("error" in item ? null : item.variant) },
        { title: "TIME", value: ({ item }) => ("error" in item ? null : duration(item.latencyMs)), align: "right", spare: true },
        { title: "INFERENCE", value: ({ item }) => ("error" in item ? item.error.inferenceId : item.inferenceId), spare: true },
      ]),
    );
  },
};
