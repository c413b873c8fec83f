import { closeSync, openSync } from "node:fs";

/**
 * SIGHUP has two meanings: a person or supervisor asks for the changed configuration, or the terminal the program runs in was
 * closed. In the second case the terminal cannot be opened any more, and the program stops. Answers how to stop listening.
 */
export function onHangUp(react: (wanted: "reload" | "close") => void): () => void {
  const inTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const hear = (): void => react(inTerminal && !hasTerminal() ? "close" : "reload");
  process.on("SIGHUP", hear);
  return () => process.off("SIGHUP", hear);
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
