// `npm run build`: JavaScript and declarations of the published packages into their `dist`, with the files the code reads beside it.
// The console was built into server/public by tools/run.mjs before this runs; migrations are read where they lie.
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { capture, root } from "./processes.mjs";

// In the order they import each other: each is compiled against the declarations of those before it.
const packages = ["contract", "sdk", "server"];

for (const name of packages) {
  const folder = join(root, name);
  rmSync(join(folder, "dist"), { recursive: true, force: true });
  const { code, output } = await capture(
    process.execPath,
    ["node_modules/typescript/bin/tsc", "--project", join(name, "tsconfig.build.json")],
    {
      // Without `--conditions=source`: what is built must hold against what is built.
      env: { ...process.env, NODE_OPTIONS: "" },
    },
  );
  if (code !== 0) {
    console.error(`${name} could not be built:\n${output}`);
    process.exit(1);
  }
  const copied = copyDataFiles(join(folder, "src"), join(folder, "dist"));
  cpSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  console.log(`built ${name}/dist${copied > 0 ? ` with ${copied} data files` : ""}`);
}

/** Copies what the code reads at run time: everything that is neither source nor its documentation. */
function copyDataFiles(from, to) {
  if (!existsSync(from)) return 0;
  const files = readdirSync(from, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !/\.(ts|tsx|md)$/.test(entry.name),
  );
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    cpSync(path, join(to, path.slice(from.length)));
  }
  return files.length;
}
