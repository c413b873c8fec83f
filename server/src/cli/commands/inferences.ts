import type { Evidence, Inference } from "@millrace/contract";
import type { Command } from "commander";
import { bytes, count, duration, instant, percent } from "../format.ts";
import type { Session } from "../session.ts";
import type { Column } from "../table.ts";
import { explainVerb } from "./explain.ts";
import { facts, showList } from "./show.ts";
import { type Registrar, addVerb, group, pageOptions } from "./verb.ts";

const columns: readonly Column<Inference>[] = [
  { title: "ID", value: (item) => item.id },
  { title: "OCCURRED (UTC)", value: (item) => instant(item.occurredAt), spare: true },
  { title: "FUNCTION", value: (item) => item.function, flexible: true, spare: true },
  { title: "VARIANT", value: (item) => `${item.variant ?? "–"}${item.fallback ? " (fallback)" : ""}`, flexible: true, spare: true },
  { title: "ARM", value: (item) => item.arm, spare: true },
  { title: "STATUS", value: (item) => item.status, paint: (text, item, palette) => (item.status === "ok" ? text : palette.bad(text)) },
  { title: "LABEL", value: (item) => item.label },
  { title: "CONFIDENCE", value: (item) => percent(item.confidence), align: "right" },
  {
    title: "TRUE LABEL",
    value: (item) => item.feedbackLabel,
    paint: (text, item, palette) =>
      item.feedbackLabel === null ? text : item.feedbackLabel === item.label ? palette.good(text) : palette.bad(text),
  },
  { title: "TIME", value: (item) => duration(item.latencyMs), align: "right", spare: true },
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
  addVerb(inferences, registrar, {
    usage: "evidence",
    description: "what was accepted, stored, rejected, and what waits in the journal",
    run: async (session) => {
      const evidence = await session.call("evidence.get", {});
      session.show(evidence, () => evidenceFacts(session, evidence));
    },
  });
  addVerb(inferences, registrar, {
    usage: "erase <id>",
    description: "erase what went in and came out of one inference, for good",
    run: async (session, [id]) => {
      const erased = await session.call("inferences.eraseBody", { parameters: { id: id! } });
      session.show(erased, () =>
        erased.changed
          ? `The body of inference ${erased.id} is erased. Files of the lake written anew: ${count(erased.files)}.`
          : `The body of inference ${erased.id} was erased before.`,
      );
    },
  });
  addVerb(inferences, registrar, { ...explainVerb, usage: "show <id>", description: "one inference with everything that produced it" });
}

/** accepted = stored + rejected + waiting, at any moment. */
export function evidenceFacts(session: Session, evidence: Evidence): string {
  return facts(session, [
    ["accepted", count(evidence.accepted)],
    ["stored", count(evidence.stored)],
    ["rejected", count(evidence.rejected)],
    ["waiting", `${count(evidence.backlog)} (journal ${bytes(evidence.journalBytes)})`],
    ["state age", duration(evidence.stateAgeMs)],
  ]);
}
