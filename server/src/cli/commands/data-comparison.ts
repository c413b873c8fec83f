import type { DatasetComparison } from "@millrace/contract";
import { count, percent, yesNo } from "../format.ts";
import type { Session } from "../session.ts";
import { section, table } from "./show.ts";

export function comparisonPage(session: Session, answer: DatasetComparison): string {
  const { palette } = session;
  const { shared, added, removed } = answer.rows;
  const same = answer.same ? "the same snapshot, byte for byte" : answer.breaking ? "breaking changes" : "no breaking change";
  return [
    `${palette.strong(`${answer.from} -> ${answer.to}`)}  ${palette.dim(`${same}; ${count(shared)} rows in both, ${count(added)} added, ${count(removed)} removed`)}`,
    section(
      session,
      "Schema and contract",
      table(session, answer.changes, [
        { title: "COLUMN", value: (item) => item.column },
        { title: "CHANGE", value: (item) => item.change, flexible: true },
        { title: "BREAKING", value: (item) => yesNo(item.breaking) },
      ]),
    ),
    section(
      session,
      "Counts",
      table(session, answer.counts, [
        { title: "WHAT", value: (item) => item.name },
        { title: "FROM", value: (item) => count(item.from), align: "right" },
        { title: "TO", value: (item) => count(item.to), align: "right" },
      ]),
    ),
    section(
      session,
      "Labels",
      table(session, answer.labels, [
        { title: "LABEL", value: (item) => item.label },
        { title: "FROM", value: (item) => percent(item.from.value), align: "right" },
        { title: "TO", value: (item) => percent(item.to.value), align: "right" },
        { title: "95%", value: (item) => `${percent(item.to.low)} to ${percent(item.to.high)}` },
      ]),
    ),
    section(
      session,
      "Distributions",
      table(session, answer.columns, [
        { title: "COLUMN", value: (item) => item.name },
        { title: "BY", value: (item) => item.by },
        { title: "PSI", value: (item) => item.psi.toFixed(3), align: "right" },
        { title: "JS", value: (item) => item.jensenShannon.toFixed(3), align: "right" },
        { title: "LEVEL", value: (item) => item.level },
        {
          title: "MOST",
          value: (item) => (item.most === null ? null : `${item.most.what}: ${percent(item.most.from)} -> ${percent(item.most.to)}`),
          flexible: true,
        },
      ]),
    ),
  ].join("\n");
}
