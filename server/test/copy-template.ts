import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

// PostgreSQL's two template databases: a third of the folder each, and nothing opens them.
const unused = new Set(["base/1", "base/4"]);

/** Copies a PGlite folder in about 0.1 s of CPU; `fs.cp` takes five times that. */
export function copyTemplate(from: string, to: string, inside = ""): void {
  mkdirSync(join(to, inside), { recursive: true });
  for (const entry of readdirSync(join(from, inside), { withFileTypes: true })) {
    const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
    if (unused.has(path)) continue;
    if (entry.isDirectory()) copyTemplate(from, to, path);
    else copyFileSync(join(from, path), join(to, path));
  }
}
