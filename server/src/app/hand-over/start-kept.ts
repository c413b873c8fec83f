import { startApp } from "../create-app.ts";
import type { AppOptions } from "../types.ts";
import { Keeper } from "./keeper.ts";
import { leaveSoon } from "./leave-soon.ts";
import { onHangUp } from "./on-hang-up.ts";
import { thisProcess } from "./this-process.ts";
import { watchSources } from "./watch-sources.ts";

export interface KeptApp {
  readonly url: string;
  readonly adminLink: string | null;
  /** Drains and stops. */
  close(): Promise<void>;
  /** Ends the process that does the work, at once. */
  kill(): void;
  /** Settles when it has stopped, with the exit code. */
  readonly stopped: Promise<number>;
}

/** Starts the program so that a changed configuration can take over: on SIGHUP, and with `watch` when its file or one it imports changes. */
export async function startKept(options: AppOptions & { readonly watch?: boolean | undefined }): Promise<KeptApp> {
  let keeper: Keeper | undefined;
  let early: (() => void) | undefined;
  const reload = (): void => void keeper?.reload();
  const close = (): void => void keeper?.close();
  const deaf = onHangUp((wanted) => {
    const react = wanted === "reload" ? reload : close;
    if (keeper === undefined) early = react;
    else react();
  });
  const app = await startApp(options).catch((error: unknown) => {
    deaf();
    throw error;
  });
  const { url, adminLink } = app;
  const kept = new Keeper({ first: thisProcess(app, options), options, mayOverlap: app.mayOverlap, logger: app.logger });
  keeper = kept;
  early?.();
  const watch = options.watch === true ? watchSources({ entry: app.loaded.path, hash: app.loaded.sourceHash }, reload) : undefined;
  const stopped = kept.ended.then((code) => {
    deaf();
    watch?.close();
    leaveSoon(code);
    return code;
  });
  return { url, adminLink, close: () => kept.close(), kill: () => kept.kill(), stopped };
}
