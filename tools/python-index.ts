import { spawnSync } from "node:child_process";

/** The simple index of Python packages that this machine's pip asks, as it is configured; undefined where there is no pip. */
export function findPythonIndex(pip: readonly string[] = ["python3", "-m", "pip"]): string | undefined {
  const [program, ...args] = pip;
  const { stdout } = spawnSync(program!, [...args, "download", "--help"], { encoding: "utf8", timeout: 60_000 });
  // It tells the default of `--index-url` there, broken into lines.
  return /Base URL of the Python Package Index \(default (\S+?)\/?\)/.exec((stdout ?? "").replaceAll(/\s+/g, " "))?.[1];
}
