import { createServer, type Server } from "node:net";
import { AppError, checkSecrets } from "../../core/index.ts";
import { startApp } from "../create-app.ts";
import { type LoadedConfig, loadConfig } from "../load-config.ts";
import type { AppOptions, ListeningSocket } from "../types.ts";
import { answerCalls } from "./answer-calls.ts";
import { inheritedFd } from "./calls.ts";
import { leaveSoon } from "./leave-soon.ts";
import { thisProcess } from "./this-process.ts";

/** A start that hangs must not outlive its keeper by more than this. */
const lastMs = 30_000;

/** The process that takes over: does what its keeper says, and ends with it. */
export function serveAsSuccessor(): void {
  let options: AppOptions | undefined;
  let loaded: LoadedConfig | undefined;
  let inherited: ListeningSocket | undefined;
  let opening: Promise<unknown> = Promise.resolve();
  let comingBack: Promise<void> = Promise.resolve();
  let returned = Promise.withResolvers<ListeningSocket | undefined>();
  let work: ReturnType<typeof thisProcess> | undefined;

  function working(): ReturnType<typeof thisProcess> {
    if (work === undefined) throw new AppError("internal", "The process was asked for work before it opened.");
    return work;
  }

  answerCalls({
    async check(input) {
      options = input.options;
      if (input.listening !== null) inherited = { endpoint: input.listening, socket: { fd: inheritedFd } };
      loaded = await loadConfig(options.configPath, process.cwd());
      checkSecrets(loaded.config);
      return { result: { hash: loaded.hash } };
    },
    async open(input) {
      const given = options!;
      const starting = startApp({ ...given, loaded, takeOver: { listening: () => Promise.resolve(inherited), ...input } });
      opening = starting.catch(() => undefined);
      work = thisProcess(await starting, given);
      return { result: { url: work.url } };
    },
    async surrender() {
      return { result: null, socket: inherited === undefined ? undefined : await listenAgain(inheritedFd), givesUp: true };
    },
    async adopt() {
      await working().app.adopt();
      return { result: null };
    },
    async report({ problem }) {
      await working().report(problem);
      return { result: null };
    },
    async share() {
      const { listening, ready } = await working().share();
      return { result: { endpoint: listening?.endpoint ?? null, ready }, socket: listening?.socket as Server | undefined };
    },
    async stepAside() {
      await working().stepAside();
      return { result: null };
    },
    async comeBack() {
      const opened = Promise.withResolvers<void>();
      comingBack = working().comeBack(() => {
        opened.resolve();
        return returned.promise;
      });
      opening = comingBack.catch(() => undefined);
      await Promise.race([opened.promise, comingBack]);
      return { result: null };
    },
    async accept({ endpoint }, socket) {
      returned.resolve(endpoint === null || socket === undefined ? undefined : { endpoint, socket });
      returned = Promise.withResolvers();
      await comingBack;
      return { result: null };
    },
    async end(how) {
      await end(how);
      return { result: null };
    },
  });

  async function end(how: { readonly idleMs: number }): Promise<void> {
    await opening;
    await work?.end(how);
    // After the answer: with the channel open the process would not end.
    setImmediate(() => {
      if (process.connected) process.disconnect();
    });
    leaveSoon(0);
  }

  // A keeper that is gone cannot say so; signals may come to the whole group, and a second one is the keeper's to act on.
  process.once("disconnect", () => {
    setTimeout(() => process.exit(1), lastMs).unref();
    void end({ idleMs: 0 });
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void end({ idleMs: 0 }));
  process.on("SIGHUP", () => undefined);
}

/** The inherited socket as an object that can be sent. */
function listenAgain(fd: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ fd }, () => resolve(server));
  });
}
