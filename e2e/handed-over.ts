import { readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Inference } from "@millrace/contract";
import { MillraceError } from "@millrace/sdk";
import { type NodeOptions, type RunningNode, spawnMillrace, untilUp } from "./start-node.ts";
import type { Place } from "./store.ts";

const echoConfig = readFileSync(new URL("configs/rules.config.ts", import.meta.url), "utf8");

/**
 * A configuration file of the test's own, beside the sources so that "millrace" resolves, in a folder that goes with the place. It
 * is plain JavaScript: of a file that it never saw Node strips the types anew, which takes a sixth of a start.
 */
export interface ChangingConfig {
  readonly path: string;
  /** The echo function, whose owner says which version of the file this is. */
  text(version: string): string;
  /** Another text of it, whole at once, as editors save. */
  write(text: string): Promise<void>;
  writeVersion(version: string): Promise<void>;
}

export async function createConfig(place: Place): Promise<ChangingConfig> {
  const folder = join(place.folder, "config");
  await mkdir(join(folder, "node_modules"), { recursive: true });
  const path = join(folder, "millrace.config.mjs");
  const source = fileURLToPath(new URL("../server/src/index.ts", import.meta.url));

  async function write(text: string): Promise<void> {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }
  function text(version: string): string {
    return echoConfig
      .replace('from "millrace"', `from ${JSON.stringify(source)}`)
      .replace(": { text: string; waitMs: number }", "")
      .replace('from "zod"', `from ${JSON.stringify(import.meta.resolve("zod"))}`)
      .replace('owner: "e2e"', `owner: ${JSON.stringify(version)}`)
      .replace("export default defineConfig({", "const config = {")
      .replace(/\}\);\s*$/, "};\nexport default defineConfig(config);\n");
  }

  const config = { path, text, write, writeVersion: (version: string) => write(text(version)) };
  await config.writeVersion("first");
  return config;
}

export async function startChanging(
  place: Place,
  config: ChangingConfig,
  { role = "up", args = [] }: { readonly role?: NodeOptions["role"]; readonly args?: readonly string[] } = {},
): Promise<RunningNode> {
  const spawned = spawnMillrace(
    [role, "--json", "--data", join(place.folder, "data"), "--config", config.path, ...args],
    place.environment,
  );
  return untilUp(spawned, place, { role, config: "rules" });
}

/** Clients that ask again as soon as they are answered, but for a breath that leaves the processors to the server. Nothing is repeated: what fails is reported. */
export function startClients({ client }: RunningNode, count: number) {
  const acknowledged = new Map<string, string>();
  const failed: string[] = [];
  let stopped = false;
  let next = 0;

  async function ask(): Promise<void> {
    while (!stopped) {
      const text = String(next++);
      try {
        const answer = await client.call("functions.infer", { parameters: { name: "echo" }, body: { input: { text } } });
        acknowledged.set(answer.inferenceId, text);
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error;
        failed.push(`${error.code}: ${error.message} ${String((error.cause as { cause?: unknown } | undefined)?.cause ?? "")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  const running = Promise.all(Array.from({ length: count }, ask));
  return {
    get answered() {
      return acknowledged.size;
    },
    async stop() {
      stopped = true;
      await running;
      return { acknowledged, failed };
    },
  };
}

export async function readStored({ client }: RunningNode): Promise<Inference[]> {
  const found: Inference[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.call("inferences.list", { query: { status: "ok", limit: 500, cursor } });
    found.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return found;
}

/** The processes started by one, and by those. */
export function descendantsOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
