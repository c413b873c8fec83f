import type { Evaluation } from "@millrace/contract";
import type { Command } from "commander";
import { count, difference, estimate, instant, percent, yesNo } from "../format.ts";
import type { Session } from "../session.ts";
import type { Column } from "../table.ts";
import type { Palette } from "../terminal.ts";
import { finish } from "./data.ts";
import { facts, section, showList, table } from "./show.ts";
import { type Registrar, addVerb, group, pageOptions, pageQuery, parseWhole } from "./verb.ts";

function paintVerdict(text: string, verdict: string | null, palette: Palette): string {
  if (verdict === "pass") return palette.good(text);
  return verdict === "fail" ? palette.bad(text) : palette.warn(text);
}

const columns: readonly Column<Evaluation>[] = [
  { title: "ID", value: (item) => item.id },
  { title: "FUNCTION", value: (item) => item.function, flexible: true, spare: true },
  { title: "VERDICT", value: (item) => item.verdict, paint: (text, item, palette) => paintVerdict(text, item.verdict, palette) },
  { title: "DIFFERENCE (95 %)", value: (item) => difference(item.difference), align: "right" },
  { title: "DATASET", value: (item) => item.dataset, spare: true },
  { title: "CREATED (UTC)", value: (item) => instant(item.createdAt), spare: true },
  { title: "REASON", value: (item) => item.reason, flexible: true, spare: true },
];

export function addEvaluation(program: Command, registrar: Registrar): void {
  const evaluation = group(program, "evaluation", "comparisons and the gate's verdicts");
  addVerb(evaluation, registrar, {
    usage: "list",
    description: "list evaluations, newest first",
    options: [{ flags: "--function <name>", description: "only this function's" }, ...pageOptions],
    run: async (session, _args, options) => {
      const name = options["function"] as string | undefined;
      const answer = await session.call("evaluation.list", {
        query: { ...pageQuery(options), ...(name === undefined ? {} : { function: name }) },
      });
      showList(session, answer, { columns, empty: "Nothing was evaluated yet." });
    },
  });
  addVerb(evaluation, registrar, {
    usage: "show <id>",
    description: "one evaluation: scores by candidate and slice",
    run: async (session, [id]) => {
      const detail = await session.call("evaluation.get", { parameters: { id: id! } });
      session.show(detail, () => page(session, detail));
    },
  });
  addVerb(evaluation, registrar, {
    usage: "run <function>",
    description: "compare two model versions on a dataset's held-back rows",
    example: "evaluation run triage-mail --dataset mail@2 --champion 1 --challenger 2",
    options: [
      { flags: "--dataset <reference>", description: "name@version", required: true },
      { flags: "--champion <version>", description: "the version that serves", parse: parseWhole, required: true },
      { flags: "--challenger <version>", description: "the version that might", parse: parseWhole, required: true },
      { flags: "--detach", description: "do not wait for it" },
    ],
    run: async (session, [name], options) => {
      const body = {
        function: name!,
        dataset: options["dataset"] as string,
        champion: options["champion"] as number,
        challenger: options["challenger"] as number,
      };
      const started = await session.call("evaluation.create", { body });
      await finish(session, started, { detach: options["detach"] === true, doing: `evaluating ${name!}` });
    },
  });
}

function page(session: Session, detail: Evaluation): string {
  const { palette } = session;
  return [
    `${palette.strong(paintVerdict(detail.verdict, detail.verdict, palette))}  ${detail.reason}`,
    facts(session, [
      ["function", detail.function],
      ["dataset", `${detail.dataset}, ${count(detail.rows)} rows held back`],
      ["difference", difference(detail.difference)],
      ["rows missing", detail.missingRows === null ? null : count(detail.missingRows)],
      ["rules are enough", yesNo(detail.rulesAreEnough)],
      ["created", `${instant(detail.createdAt)} UTC`],
    ]),
    section(
      session,
      "Scores",
      table(session, detail.scores, [
        { title: "CANDIDATE", value: (item) => item.candidate },
        { title: "ROLE", value: (item) => item.role },
        { title: "ACCURACY (95 %)", value: (item) => estimate(item.accuracy), align: "right" },
        { title: "ECE", value: (item) => item.ece?.toFixed(4), align: "right" },
      ]),
    ),
    section(
      session,
      "By slice",
      table(
        session,
        detail.scores.flatMap((score) => score.slices.map((slice) => ({ candidate: score.candidate, ...slice }))),
        [
          { title: "SLICE", value: (item) => item.slice, flexible: true },
          { title: "CANDIDATE", value: (item) => item.candidate },
          { title: "METRIC", value: (item) => item.metric },
          { title: "VALUE", value: (item) => percent(item.estimate.value), align: "right" },
          { title: "LOW", value: (item) => percent(item.estimate.low), align: "right" },
          { title: "HIGH", value: (item) => percent(item.estimate.high), align: "right" },
          { title: "N", value: (item) => count(item.estimate.n), align: "right" },
        ],
      ),
    ),
  ].join("\n");
}
