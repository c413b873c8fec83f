import { startApp } from "../create-app.ts";
import type { App, AppOptions, ListeningSocket } from "../types.ts";
import { type Incumbent, idleMsAlone, settleMs } from "./incumbent.ts";

/** The work done in this process; also what a started process answers its calls with. */
export function thisProcess(first: App, options: AppOptions): Incumbent & { readonly app: App } {
  let app = first;

  return {
    get app() {
      return app;
    },
    get url() {
      return app.url;
    },
    share: () => Promise.resolve({ listening: app.listening, ready: app.unreadyReasons().length === 0, release: () => undefined }),
    async stepAside() {
      await app.settle(settleMs);
      await app.close({ idleMs: idleMsAlone });
    },
    async comeBack(giveBack: () => Promise<ListeningSocket | undefined>) {
      const lastPort = app.url === "" ? undefined : Number(new URL(app.url).port);
      const takeOver = { listening: giveBack, lastPort, overlaps: false, readyWithinMs: 0 };
      app = await startApp({ ...options, loaded: app.loaded, takeOver });
    },
    end: (how) => app.close(how),
    report(problem) {
      app.reportConfigProblem(problem);
      return Promise.resolve();
    },
    kill: () => undefined,
  };
}
