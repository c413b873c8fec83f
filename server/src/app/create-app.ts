import { hostname } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Context,
  checkSecrets,
  createId,
  createLogger,
  defaultProjectId,
  readEnvironment,
  systemClock,
  systemContext,
} from "../core/index.ts";
import { closeUnused, endpointOf, socketFor, untilReady } from "./take-over.ts";
import { createSinks } from "../functions/index.ts";
import { type Http, createHttp } from "../http/index.ts";
import { type Drain, type Tx, createCarrier, createDrain, maintain } from "../storage/index.ts";
import { backUp } from "./back-up.ts";
import { createCarrierInProcess } from "./carry-in-process.ts";
import { connectPorts } from "./connect-ports.ts";
import { type Modules, createModules } from "./create-modules.ts";
import { type LoadedConfig, loadConfig } from "./load-config.ts";
import { waitAtMost } from "./wait-at-most.ts";
import { type Stores, openStores } from "./open-stores.ts";
import { insertConfig } from "./repository.ts";
import { scheduleBackups } from "./schedule-backups.ts";
import type { App, AppOptions } from "./types.ts";
import { version } from "./version.ts";

const publicFolder = fileURLToPath(new URL("../../public", import.meta.url));
const maintainEveryMs = 600_000;

/** Starts the program: stores, modules, drain, jobs, then the door. What fails on the way closes what was opened. */
export async function startApp(options: AppOptions): Promise<App> {
  const dataFolder = resolve(options.dataFolder);
  const loaded = options.loaded ?? (await loadConfig(options.configPath, process.cwd()));
  checkSecrets(loaded.config);
  const logger = createLogger(options.logLevel ?? loaded.config.log.level);
  const closers: (() => Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  let idleMs = 0;
  let configProblem: string | null = null;
  let settle: () => void = () => {};
  const stopped = new Promise<void>((done) => {
    settle = done;
  });

  /** Newest first: the door closes before what it calls. */
  function close(how: { readonly idleMs?: number } = {}): Promise<void> {
    idleMs = how.idleMs ?? 0;
    closing ??= (async () => {
      for (const closer of closers.reverse()) {
        try {
          await closer();
        } catch (error) {
          logger.error({ err: error }, "a part of the program did not close cleanly");
        }
      }
      settle();
    })();
    return closing;
  }

  try {
    const clock = systemClock;
    const stores = await openStores({
      role: options.role,
      dataFolder,
      overlaps: options.takeOver?.overlaps === true,
      config: loaded.config,
      clock,
      logger,
    });
    closers.push(stores.close, () => stores.journal.close());
    let drain: Drain | undefined;
    const modules = createModules({
      stores,
      loaded,
      dataFolder,
      nodeId: readEnvironment("MILLRACE_NODE") || hostname(),
      processId: createId(clock),
      version,
      clock,
      logger,
      drain: () => drain,
      opened: (closer) => closers.push(closer),
    });
    const { audit } = modules.governance;
    const write = (context: Context, name: string | undefined) =>
      backUp(context, name, { stores, drain: () => drain, dataFolder, audit, clock, logger });
    defineUpkeep(modules, stores);
    const { jobs } = modules;
    scheduleBackups({ jobs, config: loaded.config.storage.backup, dataFolder, backUp: write, sql: stores.sql, audit, clock, logger });
    await recordConfig({ stores, modules, loaded });
    await modules.data.features.define(systemContext("data"));
    await stores.hotState.start();
    // After the keys are in memory, or each start would take the key of the last one for a stranger's.
    const admin = options.role === "work" ? null : await modules.governance.ensureAdminKey();
    await modules.jobs.start(options.role);
    closers.push(() => modules.jobs.close());
    if (loaded.config.storage.drain) {
      // A node that serves leaves parsing and SQL to a process beside it; where jobs run anyway there is one process.
      const carrier =
        options.role === "serve" ? createCarrierInProcess({ logger }) : createCarrier<Tx>({ sql: stores.sql, sinks: createSinks(logger) });
      const opened = createDrain({ journal: stores.journal, carrier });
      closers.push(() => opened.close());
      drain = opened;
    }
    await modules.governance.start();
    closers.push(() => modules.governance.close());
    await modules.functions.start({ overlaps: options.takeOver?.overlaps === true });
    closers.push(() => modules.functions.close());
    const http =
      options.role === "work"
        ? undefined
        : await openDoor({
            options,
            loaded,
            stores,
            modules,
            backUp: write,
            configProblem: () => configProblem,
            logger,
          });
    const endpoint = endpointOf(options, loaded);
    if (options.takeOver !== undefined) await untilReady(modules, options.takeOver);
    const offered = http === undefined ? undefined : await options.takeOver?.listening();
    const address = http === undefined ? undefined : await http.listen(socketFor(offered, endpoint));
    closeUnused(offered, endpoint);
    if (http !== undefined) closers.push(() => http.close({ idleMs }));
    const adminLink = admin?.created === true && address !== undefined ? await signInLink(modules, address.url) : null;
    logger.info({ url: address?.url, role: options.role, version, configHash: loaded.hash }, "started");
    return {
      url: address?.url ?? "",
      adminLink,
      close,
      stopped,
      logger,
      loaded,
      mayOverlap: stores.sql.store !== "embedded",
      get listening() {
        return http?.socket === undefined ? undefined : { endpoint, socket: http.socket };
      },
      unreadyReasons: () => modules.functions.unreadyReasons(),
      async settle(maxMs) {
        await waitAtMost(drain?.idle(), maxMs);
      },
      async adopt() {
        await stores.journal.adopt();
        if (drain === undefined) return;
        await drain.idle();
        await modules.functions.takeUpKeys();
      },
      reportConfigProblem(problem) {
        configProblem = problem;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface DoorDeps {
  readonly options: AppOptions;
  readonly loaded: LoadedConfig;
  readonly stores: Stores;
  readonly modules: Modules;
  readonly backUp: (context: Context, name: string | undefined) => ReturnType<typeof backUp>;
  readonly configProblem: () => string | null;
  readonly logger: ReturnType<typeof createLogger>;
}

function openDoor({ options, loaded, stores, modules, backUp: write, configProblem, logger }: DoorDeps): Promise<Http> {
  const endpoint = endpointOf(options, loaded);
  const config = { ...loaded.config.http, ...endpoint, port: options.takeOver?.lastPort ?? endpoint.port };
  const ports = connectPorts({
    stores,
    modules,
    backUp: write,
    configHash: loaded.hash,
    configProblem,
    readiness: () => modules.functions.unreadyReasons(),
  });
  return createHttp({ config, ports, counters: stores.counters, clock: systemClock, logger, publicFolder, version });
}

async function recordConfig({ stores, modules, loaded }: Pick<DoorDeps, "stores" | "modules" | "loaded">): Promise<void> {
  await stores.sql.as(systemContext("app"), async (tx) => {
    const isNew = await insertConfig(tx, { hash: loaded.hash, document: loaded.document, at: new Date(systemClock.now()).toISOString() });
    if (isNew) await modules.governance.audit(tx, { action: "app.config", object: `config:${loaded.hash}`, after: loaded.document });
  });
}

function defineUpkeep({ jobs }: Modules, { sql }: Stores): void {
  jobs.defineSchedule("storage.maintain", maintainEveryMs, async () => {
    await maintain(sql);
  });
}

async function signInLink({ governance }: Modules, url: string): Promise<string> {
  const { token } = await governance.sessions.createLink({ projectId: defaultProjectId, principalId: "system:app" });
  return `${url}/sign-in#${token}`;
}
