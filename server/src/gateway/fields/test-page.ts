import type { Fate, FieldRow } from "./test-rows.ts";
import type { DialectName } from "../types.ts";

const titles: Readonly<Record<DialectName, string>> = {
  "openai-chat": "OpenAI chat completions",
  "openai-responses": "OpenAI responses",
  "anthropic-messages": "Anthropic messages",
};

/** The page for readers: a table for each dialect a caller may speak. */
export function renderFieldsPage(rows: Readonly<Record<DialectName, readonly FieldRow[]>>): string {
  const names = Object.keys(rows) as DialectName[];
  return `${introduction}\n${names.map((from) => section(from, names, rows[from])).join("\n")}`;
}

const introduction = `# Fields of the gateway

What becomes of each field where caller and provider speak different dialects; see [Gateway](gateway.md). A test sends every row to a provider and looks at what arrives.

- A path: the field is carried, and arrives there.
- **refused**: the call ends with \`untranslatable\`, which names the field, and nothing is sent.
- *left out*: it is advice, and what is asked for is the same without it.

Where both speak the same dialect, every field goes on as it came. A field that stands in no table is refused. The \`model\` is always the one of the target.
`;

function section(from: DialectName, names: readonly DialectName[], rows: readonly FieldRow[]): string {
  const targets = names.filter((to) => to !== from);
  const lines = rows.map(({ field, fates }) => `| ${field} | ${targets.map((to) => cell(fates[to]!)).join(" | ")} |`);
  const head = [
    `| in a request of ${titles[from]} | to ${targets.map((to) => titles[to]).join(" | to ")} |`,
    `|---${"|---".repeat(targets.length)}|`,
  ];
  return `## ${titles[from]}\n\n${[...head, ...lines].join("\n")}\n`;
}

function cell(fate: Fate): string {
  if (fate === "advice") return "*left out*";
  if ("refused" in fate) return "**refused**";
  return Object.keys(fate.carried)
    .map((path) => `\`${path}\``)
    .join(", ");
}
