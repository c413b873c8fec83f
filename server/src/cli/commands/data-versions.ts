import type { Command } from "commander";
import { count, inline, percent } from "../format.ts";
import { facts, section, table } from "./show.ts";
import { type Registrar, addVerb, parseReference, parseWhole } from "./verb.ts";

/** What is done with one version: tags, and where its rows came from. */
export function addVersionVerbs(data: Command, registrar: Registrar): void {
  addVerb(data, registrar, {
    usage: "tag <reference> <tag>",
    description: "name a version; a tag that is taken moves",
    example: "data tag mail@2 golden",
    run: async (session, [reference, tag]) => {
      const { name, version } = parseReference(reference!);
      const answer = await session.call("data.setTag", { parameters: { name, tag: tag! }, body: { version } });
      session.show(
        answer,
        () =>
          `${answer.tag} is ${answer.name}@${answer.version}${answer.before === null ? "" : ` (before: ${answer.name}@${answer.before})`}`,
      );
    },
  });
  addVerb(data, registrar, {
    usage: "untag <name> <tag>",
    description: "take a tag away",
    run: async (session, [name, tag]) => {
      const answer = await session.call("data.removeTag", { parameters: { name: name!, tag: tag! } });
      session.show(answer, () => `${answer.name}@${answer.before} is ${answer.tag} no more`);
    },
  });
  addVerb(data, registrar, {
    usage: "lineage <reference>",
    description: "versions that a version grew out of, and those that grew out of it",
    run: async (session, [reference]) => {
      const answer = await session.call("data.lineage", { parameters: parseReference(reference!) });
      session.show(answer, () =>
        facts(session, [
          ["from", answer.sources.map(({ kind, reference: name, rows }) => `${count(rows)} rows of ${kind} ${name}`).join(", ")],
          ["grew out of", answer.ancestors.join(", ")],
          ["grew into", answer.descendants.join(", ")],
        ]),
      );
      session.hint(`Models trained from it: millrace models runs --dataset ${reference!}`);
    },
  });
  addVerb(data, registrar, {
    usage: "trace <reference> <row>",
    description: "where a row came from; rows count from 0, as `data rows --offset` does (audited)",
    example: "data trace mail@1 17",
    run: async (session, [reference, row]) => {
      const answer = await session.call("data.trace", { parameters: { ...parseReference(reference!), row: parseWhole(row!) } });
      session.show(answer, () =>
        [
          facts(session, [
            ["row", inline(answer.values)],
            ["line", count(answer.line)],
            ["as it was sent", inline(answer.raw)],
            ["from", answer.sources.map(({ kind, reference: name }) => `${kind} ${name}`).join(", ")],
          ]),
          section(
            session,
            "Left out as its duplicates",
            table(session, answer.duplicates, [
              { title: "LINE", value: (item) => count(item.line), align: "right" },
              { title: "KIND", value: (item) => item.kind },
              { title: "SIMILARITY", value: (item) => percent(item.similarity), align: "right" },
              { title: "ROW", value: (item) => inline(item.raw), flexible: true },
            ]),
          ),
        ].join("\n"),
      );
    },
  });
}
