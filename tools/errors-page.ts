import { type ErrorEntry, type ErrorKind, errorTable } from "@millrace/contract";

const whoActs: readonly [kind: ErrorKind, heading: string, sentence: string][] = [
  ["user", "The caller can act", "The request, the files or the configuration need a correction; the same request will fail again."],
  [
    "operational",
    "The operator can act",
    "The request was right; something under the server was not. It may be repeated once that is better.",
  ],
  ["bug", "We must act", "Millrace or a function's code is wrong. Report it with the request id."],
];

/** The text of `docs/errors.md`: every code of the one table, by who can act on it. */
export function renderErrorsPage(table: Readonly<Record<string, ErrorEntry>> = errorTable): string {
  const sections = whoActs.map(([kind, heading, sentence]) => {
    const rows = Object.entries(table)
      .filter(([, entry]) => entry.kind === kind)
      .map(([code, entry]) => `| \`${code}\` | ${entry.status} | ${entry.title} | ${entry.fix} |`);
    return [`## ${heading}`, "", sentence, "", "| code | status | what it means | what to do |", "|---|--:|---|---|", ...rows].join("\n");
  });
  return `# Errors

Every error answer is a problem document (RFC 9457, \`application/problem+json\`) with the \`code\` below, a \`detail\` that says what was wrong
and where, the \`fix\`, and often \`details\` for programs. The CLI prints the same; \`--json\` prints the document.

This page is written from \`contract/src/errors.ts\` by \`npm run format\`, and a test holds the two together.

${sections.join("\n\n")}
`;
}

/** The codes a page lists, with the status beside each. */
export function readErrorsPage(page: string): Map<string, number> {
  return new Map([...page.matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)].map(([, code = "", status]) => [code, Number(status)]));
}
