import type { Inference } from "@millrace/contract";
import type { Command } from "commander";
import { duration, instant, percent } from "../format.ts";
import type { Column } from "../table.ts";
import { explainVerb } from "./explain.ts";
import { showList } from "./show.ts";
import { type Registrar, addVerb, group, pageOptions } from "./verb.ts";

const columns: readonly Column<Inference>[] = [
  { title: "ID", value: (item) => item.id },
  { title: "OCCURRED (UTC)", value: (item) => instant(item.occurredAt) },
  { title: "FUNCTION", value: (item) => item.function, flexible: true },
  { title: "VARIANT", value: (item) => `${item.variant ?? "–"}${item.fallback ? " (fallback)" : ""}` },
  { title: "ARM", value: (item) => item.arm },
  { title: "STATUS", value: (item) => item.status, paint: (text, item, palette) => (item.status === "ok" ? text : palette.bad(text)) },
  { title: "LABEL", value: (item) => item.label },
  { title: "CONFIDENCE", value: (item) => percent(item.confidence), align: "right" },
  {
    title: "TRUE LABEL",
    value: (item) => item.feedbackLabel,
    paint: (text, item, palette) =>
      item.feedbackLabel === null ? text : item.feedbackLabel === item.label ? palette.good(text) : palette.bad(text),
  },
  { title: "TIME", value: (item) => duration(item.latencyMs), align: "right" },
];

const yesOrNo = ["true", "false"] as const;

export function addInferences(program: Command, registrar: Registrar): void {
  const inferences = group(program, "inferences", "the evidence: what was asked and answered");
  addVerb(inferences, registrar, {
    usage: "list",
    description: "list inferences, newest first",
    example: "inferences list --function triage-mail --misread true",
    options: [
      { flags: "--function <name>", description: "only this function's" },
      { flags: "--variant <name>", description: "only this variant's" },
      { flags: "--status <status>", description: "only these", choices: ["ok", "failed", "refused", "interrupted"] },
      { flags: "--label <label>", description: "only those answered so" },
      { flags: "--misread <yes>", description: "only those whose true label differs (or, with false, agrees)", choices: yesOrNo },
      { flags: "--fallback <yes>", description: "only those answered by a fallback (or, with false, not)", choices: yesOrNo },
      ...pageOptions,
    ],
    run: async (session, _args, options) => {
      const answer = await session.call("inferences.list", { query: options });
      showList(session, answer, { columns, empty: "No inference is like that." });
      if (answer.items.length > 0) session.hint("Open one: millrace explain <id>");
    },
  });
  addVerb(inferences, registrar, { ...explainVerb, usage: "show <id>", description: "one inference with everything that produced it" });
}
