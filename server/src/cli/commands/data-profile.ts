import type { DatasetProfile } from "@millrace/contract";
import type { Command } from "commander";
import { count, inline } from "../format.ts";
import type { Session } from "../session.ts";
import { section, table } from "./show.ts";
import { type Registrar, addVerb, parseReference } from "./verb.ts";

/** `millrace data profile`: what is in the columns, and whether they keep a contract. */
export function addProfile(data: Command, registrar: Registrar): void {
  addVerb(data, registrar, {
    usage: "profile <reference>",
    description: "the columns of a dataset version, and the rows that break a contract (audited)",
    example: "data profile mail@2 --contract mail@1",
    options: [{ flags: "--contract <reference>", description: "whose contract to hold it to; default its own" }],
    run: async (session, [reference], options) => {
      const contract = options["contract"] as string | undefined;
      const profile = await session.call("data.profile", {
        parameters: parseReference(reference!),
        query: contract === undefined ? {} : { contract },
      });
      session.show(profile, () => page(session, profile));
    },
  });
}

function page(session: Session, profile: DatasetProfile): string {
  const broken = profile.rules.filter((rule) => rule.broken !== 0);
  return [
    `${session.palette.strong(profile.reference)}  ${count(profile.rows)} rows`,
    section(
      session,
      "Columns",
      table(session, profile.columns, [
        { title: "COLUMN", value: (item) => item.name },
        { title: "TYPE", value: (item) => item.type, spare: true },
        { title: "NULLS", value: (item) => count(item.nulls), align: "right" },
        { title: "DISTINCT", value: (item) => count(item.distinct), align: "right" },
        { title: "MINIMUM", value: (item) => inline(item.min), flexible: true },
        { title: "MEDIAN", value: (item) => inline(item.quantiles?.[2] ?? null), align: "right" },
        { title: "MAXIMUM", value: (item) => inline(item.max), flexible: true },
      ]),
    ),
    section(
      session,
      `Broken rules of ${profile.contract} (${count(profile.rules.length)} asked)`,
      table(session, broken, [
        { title: "COLUMN", value: (item) => item.column },
        { title: "RULE", value: (item) => item.rule },
        { title: "ROWS", value: (item) => (item.broken === null ? "cannot be asked" : count(item.broken)), align: "right" },
      ]),
    ),
  ].join("\n");
}
