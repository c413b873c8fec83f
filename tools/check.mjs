// `npm run check`: every stage at once; a line for each that passed, the whole output of each that did not.
import { capture } from "./processes.mjs";

const stages = {
  format: ["node_modules/oxfmt/bin/oxfmt", "--check", "."],
  lint: ["node_modules/oxlint/bin/oxlint", "--type-aware", "--deny-warnings", "--report-unused-disable-directives"],
  types: ["node_modules/typescript/bin/tsc", "--project", "."],
  architecture: ["node_modules/vitest/vitest.mjs", "run", "--reporter=./tools/test-reporter.ts", "tools"],
  "unused code": ["node_modules/knip/bin/knip.js", "--no-progress", "--treat-config-hints-as-errors"],
};

const results = await Promise.all(Object.entries(stages).map(([name, stage]) => check(name, stage)));
const failed = results.filter((result) => result.code !== 0);
for (const { name, output } of failed) {
  console.log(`\n${name} failed: ${stages[name].join(" ")}\n`);
  console.log(output.trim());
}
console.log(
  failed.length === 0
    ? "All checks passed."
    : `\n${failed.length} of ${results.length} checks failed: ${failed.map(({ name }) => name).join(", ")}.`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

async function check(name, stage) {
  const started = Date.now();
  const result = await capture(process.execPath, stage);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (result.code === 0) console.log(`ok  ${name} (${seconds} s)`);
  return { name, ...result };
}
