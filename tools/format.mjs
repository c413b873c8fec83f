// `npm run format`: writes what can be written by rule: the layout of the sources and the page of errors.
import { nodePath, run } from "./processes.mjs";

await run(nodePath(), ["tools/write-errors-page.ts"]);
if (!process.exitCode) await run(nodePath(), ["node_modules/oxfmt/bin/oxfmt", "."]);
