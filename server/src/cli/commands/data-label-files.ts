import type { Command } from "commander";
import type { ApplyFunctionsReport, ChooseOptions } from "../../data/index.ts";
import { count, percent } from "../format.ts";
import type { Session } from "../session.ts";
import { findFile } from "./input.ts";
import { section, table } from "./show.ts";
import { type Registrar, addVerb, parseWhole } from "./verb.ts";

/** What to label next, and what labelling functions say: from files, without a server. */
export function addLabelFiles(data: Command, registrar: Registrar): void {
  addVerb(data, registrar, {
    usage: "choose <file>",
    description:
      "the rows that are worth labelling next, from a file of JSON lines { item, probabilities | committee | features, labelled? }",
    example: "data choose pool.jsonl --by uncertainty --count 50",
    options: [
      {
        flags: "--by <what>",
        description: "what makes a row worth it",
        choices: ["uncertainty", "disagreement", "diversity"],
        default: "uncertainty",
      },
      { flags: "--count <n>", description: "how many", parse: parseWhole, default: 20 },
    ],
    run: async (session, [file], options) => {
      const items = await registrar.cli.chooseRows(findFile(file!), options as unknown as ChooseOptions);
      session.show({ items }, () =>
        table(session, items, [
          { title: "ITEM", value: ({ item }) => item, flexible: true },
          { title: "SCORE", value: ({ score }) => score.toPrecision(4), align: "right" },
        ]),
      );
    },
  });
  addVerb(data, registrar, {
    usage: "vote <file>",
    description: "let labelling functions vote on the rows of a file, as votes for `data combine-labels`",
    example: "data vote comments.jsonl --functions rules.json --out votes.jsonl",
    options: [
      { flags: "--functions <file>", description: "JSON: a list of { name, label, column, contains | matches | ... }", required: true },
      { flags: "--out <file>", description: "where the votes go, as JSON lines", required: true },
      { flags: "--item <column>", description: "the column that names a row; else its line does" },
      { flags: "--label <column>", description: "the true label, where some rows have one: each function's accuracy is shown" },
    ],
    run: async (session, [file], { functions, out, item, label }) => {
      const report = await registrar.cli.applyFunctions({
        rowsPath: findFile(file!),
        functionsPath: findFile(functions as string),
        outPath: out as string,
        itemColumn: item as string | undefined,
        labelColumn: label as string | undefined,
      });
      session.show(report, () => votePage(session, report));
      session.hint(`Combine them: millrace data combine-labels ${out as string} --method label-model`);
    },
  });
}

function votePage(session: Session, report: ApplyFunctionsReport): string {
  return [
    `${count(report.votes)} votes on ${count(report.rows)} rows; ${count(report.silent)} rows have none`,
    section(
      session,
      "Functions",
      table(session, report.functions, [
        { title: "FUNCTION", value: ({ name }) => name, flexible: true },
        { title: "LABEL", value: ({ label }) => label, flexible: true },
        { title: "SPEAKS OF", value: ({ coverage }) => percent(coverage), align: "right" },
        { title: "WITH OTHERS", value: ({ overlaps }) => percent(overlaps), align: "right" },
        { title: "AGAINST ONE", value: ({ conflicts }) => percent(conflicts), align: "right" },
        { title: "RIGHT", value: ({ accuracy }) => percent(accuracy), align: "right" },
      ]),
    ),
  ].join("\n");
}
