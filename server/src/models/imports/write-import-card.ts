import type { ImportedSignature } from "./choose-graph.ts";

export interface ImportCardInput {
  readonly model: string;
  readonly version: number;
  readonly hash: string;
  readonly uploadId: string;
  readonly producer: string;
  readonly signature: ImportedSignature;
}

/** The card of a file from elsewhere, in Markdown: what its signature says, and that nothing else is known. */
export function writeImportCard({ model, version, hash, uploadId, producer, signature }: ImportCardInput): string {
  const { inputs, labels, graph } = signature;
  const answer = signature.task === "regression" ? "a number" : `one of ${labels.length} labels`;
  return [
    `# ${model}@${version}`,
    "",
    `Answers ${answer} from ${inputs.map(({ name, type }) => `\`${name}\` (${type})`).join(", ")}. Imported, no metrics known.`,
    "",
    "## Where it comes from",
    "",
    `- the upload \`${uploadId}\`, SHA-256 \`${hash}\``,
    `- written by ${producer === "" ? "a program that it does not name" : `\`${producer}\``}`,
    `- its own inputs: ${graph.inputs.map(({ name, element, columns }) => `\`${name}\` (${element}: ${columns.join(", ")})`).join("; ")}`,
    `- its answer: the output \`${graph.output}\``,
    "",
    "## Trained on",
    "",
    "Unknown: it was trained elsewhere.",
    "",
    "## Quality",
    "",
    "Unknown. Compare it with the stable variant on rows held back before it may answer: `millrace evaluation`.",
    "",
    "## Limits",
    "",
    ...(signature.task === "regression"
      ? []
      : [`- Its labels: ${labels.map((label) => `\`${label}\``).join(", ")}.`, "- Whether its probabilities are calibrated is not known."]),
    "- It was tried on a few made-up rows, which shows that it answers in the promised shape, not that it answers well.",
    "",
  ].join("\n");
}
