import type { CheckLabels, CombineLabelsQuery, CombinedLabels, LabelCheck } from "@millrace/contract";
import type { Command } from "commander";
import { count, estimate, inline, percent } from "../format.ts";
import type { Session } from "../session.ts";
import { openFile, parseInput, readText } from "./input.ts";
import { facts, section, table } from "./show.ts";
import { type Registrar, addVerb, parseReference, parseWhole } from "./verb.ts";

/** Labels: which are wrong, and one out of many votes. */
export function addLabels(data: Command, registrar: Registrar): void {
  addVerb(data, registrar, {
    usage: "check-labels <reference>",
    description: "rows of a dataset version whose label is probably wrong, most suspicious first (audited)",
    example: "data check-labels mail@1",
    options: [
      {
        flags: "--method <method>",
        description: "`confident` names fewer rows",
        choices: ["noise-rate", "confident"],
        default: "noise-rate",
      },
      { flags: "--limit <n>", description: "at most this many rows", parse: parseWhole, default: 20 },
      { flags: "--predicted <file>", description: "JSON { labels, probabilities } of a better model, a line a row, out of sample" },
    ],
    run: async (session, [reference], { method, limit, predicted }) => {
      const body = {
        method: method as CheckLabels["method"],
        limit: limit as number,
        ...(predicted === undefined
          ? {}
          : { predicted: parseInput(readText(predicted as string), predicted as string) as NonNullable<CheckLabels["predicted"]> }),
      };
      const answer = await session.call("data.checkLabels", { parameters: parseReference(reference!), body });
      session.show(answer, () => checkPage(session, answer));
    },
  });
  addVerb(data, registrar, {
    usage: "combine-labels <file>",
    description:
      "one label an item from the votes of annotators or labelling functions (JSON lines of item, source, label), with what each source is worth",
    example: "data combine-labels votes.jsonl --method dawid-skene",
    options: [
      {
        flags: "--method <method>",
        description: "`label-model` for labelling functions",
        choices: ["majority", "dawid-skene", "label-model"],
        default: "dawid-skene",
      },
      { flags: "--limit <n>", description: "show at most this many items; --json has all", parse: parseWhole, default: 20 },
    ],
    run: async (session, [file], { method, limit }) => {
      const query = { method: method as CombineLabelsQuery["method"] };
      const answer = await session.call("data.combineLabels", { query, body: openFile(file!) });
      session.show(answer, () => combinePage(session, answer, limit as number));
    },
  });
}

function checkPage(session: Session, answer: LabelCheck): string {
  return [
    `${session.palette.strong(answer.reference)}  ${count(answer.suspicious)} of ${count(answer.rows)} labels are suspicious`,
    facts(session, [
      ["judged by", answer.judge],
      ["it names the given label", estimate(answer.agreement)],
    ]),
    section(
      session,
      "Labels",
      table(session, answer.labels, [
        { title: "LABEL", value: ({ label }) => label, flexible: true },
        { title: "ROWS", value: ({ rows }) => count(rows), align: "right" },
        { title: "SUSPICIOUS", value: ({ suspicious }) => count(suspicious), align: "right" },
        { title: "SURE FROM", value: ({ threshold }) => percent(threshold), align: "right" },
      ]),
    ),
    section(
      session,
      "Rows, most suspicious first",
      table(session, answer.items, [
        { title: "ROW", value: ({ row }) => count(row), align: "right" },
        { title: "GIVEN", value: ({ given }) => given, flexible: true },
        { title: "LIKELY", value: ({ likely }) => likely, flexible: true },
        { title: "GIVEN'S PROBABILITY", value: ({ selfConfidence }) => percent(selfConfidence), align: "right" },
        { title: "VALUES", value: ({ values }) => Object.values(values).map(inline).join(" · "), flexible: true },
      ]),
    ),
  ].join("\n");
}

function combinePage(session: Session, answer: CombinedLabels, limit: number): string {
  const { agreement } = answer;
  const figure = (value: number | null) => (value === null ? null : value.toFixed(3));
  return [
    `${session.palette.strong(answer.method)}  ${count(answer.votes)} votes on ${count(answer.items.length)} items by ${count(answer.sources.length)} sources`,
    facts(session, [
      ["labels", answer.labels.map(({ label, items }) => `${label} ${count(items)}`).join(", ")],
      ["items with two votes", count(agreement.items)],
      ["Krippendorff's alpha", figure(agreement.krippendorff)],
      ["Fleiss' kappa", figure(agreement.fleiss)],
      ["Cohen's kappa", figure(agreement.cohen)],
      ...(agreement.krippendorffInterval === null
        ? []
        : ([
            ["alpha over numbers", figure(agreement.krippendorffInterval)],
            ["quadratic kappa", figure(agreement.cohenQuadratic)],
          ] as const)),
    ]),
    section(
      session,
      "Sources",
      table(session, answer.sources.slice(0, limit), [
        { title: "SOURCE", value: ({ source }) => source, flexible: true },
        { title: "VOTES", value: ({ votes }) => count(votes), align: "right" },
        { title: "OF ITEMS", value: ({ coverage }) => percent(coverage), align: "right" },
        { title: "RIGHT", value: ({ accuracy }) => percent(accuracy), align: "right" },
      ]),
    ),
    section(
      session,
      "Items, least sure first",
      table(session, answer.items.slice(0, limit), [
        { title: "ITEM", value: ({ item }) => item, flexible: true },
        { title: "LABEL", value: ({ label }) => label, flexible: true },
        { title: "CONFIDENCE", value: ({ confidence }) => percent(confidence), align: "right" },
        { title: "VOTES", value: ({ votes }) => count(votes), align: "right" },
      ]),
    ),
  ].join("\n");
}
