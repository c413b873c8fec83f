// What the npm scripts call. Plain JavaScript for Node 18 and newer, because it runs before anything is installed:
// it installs what is missing, builds the console when its sources changed, then hands over to Node 24.
import { run, nodePath } from "./processes.mjs";
import { buildConsoleIfChanged, installIfChanged } from "./prepare.mjs";

const millrace = (...first) => ["server/src/main.ts", ...first];
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--reporter=./tools/test-reporter.ts"];

/** Each script: what it runs on Node 24, and whether the console must be built first. */
const scripts = {
  demo: { console: true, arguments: millrace("demo") },
  millrace: { console: true, arguments: millrace() },
  test: { console: true, arguments: vitest },
  "test-postgres": { console: true, arguments: vitest, needs: "MILLRACE_TEST_DATABASE_URL" },
  check: { console: false, arguments: ["tools/check.mjs"] },
  format: { console: false, arguments: ["tools/format.mjs"] },
  build: { console: true, arguments: ["tools/build.mjs"] },
  bench: { console: false, arguments: ["bench/run.ts"] },
  "fetch-test-models": { console: false, arguments: ["tools/fetch-test-models.ts"] },
};

const explanations = {
  MILLRACE_TEST_DATABASE_URL:
    "Set it to a PostgreSQL database that the tests may fill and empty, for example\n" +
    "  MILLRACE_TEST_DATABASE_URL=postgres://millrace:secret@127.0.0.1:5432/millrace_test npm run test:postgres\n" +
    "The login must own the database, may create roles, and must not be a superuser.",
};

async function main([name, ...rest]) {
  const script = scripts[name];
  if (script === undefined) {
    fail(`There is no script "${name ?? ""}". Use one of: ${Object.keys(scripts).join(", ")}.`);
  }
  if (script.needs !== undefined && !process.env[script.needs]) {
    fail(`${script.needs} is not set.\n${explanations[script.needs]}`);
  }
  await installIfChanged();
  if (script.console) await buildConsoleIfChanged();
  await run(nodePath(), [...script.arguments, ...rest]);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

main(process.argv.slice(2)).catch((error) => fail(error.message));
