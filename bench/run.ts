import { type Check, type CheckResult, printTable } from "./table.ts";

/** Areas of figures, each a list of checks. To add one: a folder with `index.ts`, one line here. */
const areas: Readonly<Record<string, () => Promise<{ checks: readonly Check[] }>>> = {
  loop: () => import("./loop/index.ts"),
  gateway: () => import("./gateway/index.ts"),
  data: () => import("./data/index.ts"),
  training: () => import("./training/index.ts"),
};

const words = process.argv.slice(2);
const json = words.includes("--json");
const only = words.find((word) => word.startsWith("--only="))?.slice("--only=".length);
const area = words.find((word) => !word.startsWith("--")) ?? "loop";
const load = areas[area];
if (load === undefined) {
  console.error(`There is no area "${area}". There are: ${Object.keys(areas).join(", ")}.`);
  process.exit(2);
}

const { checks } = await load();
const results: CheckResult[] = [];
for (const check of checks) {
  if (only !== undefined && !check.name.includes(only)) continue;
  console.error(`measuring ${check.name} ...`);
  results.push(...(await check.run()));
}
if (json) console.log(JSON.stringify({ area, checks: results }));
else printTable(area, results);
process.exitCode = results.some((result) => result.ok === false) ? 1 : 0;
