import { AsyncResource } from "node:async_hooks";
import { AppError, defaultProjectId, systemContext } from "../core/index.ts";
import { admit } from "./admit.ts";
import { bindFirst, mayChoose } from "./bind-first.ts";
import { describeFunction, describeFunctionDetail } from "./describe-functions.ts";
import { FunctionRuntime } from "./function-runtime.ts";
import { IdempotencyKeys } from "./idempotency.ts";
import { createIdempotencyStore } from "./idempotency-store.ts";
import { type InferDeps, infer } from "./infer.ts";
import { partitionsAt } from "./partitions.ts";
import { getInference, listInferences } from "./read-inferences.ts";
import { readSeries } from "./read-series.ts";
import { writeNodeFacts } from "./record.ts";
import { createRefusals } from "./refusals.ts";
import { createPartition, findBinding, insertBinding, readArms } from "./repository.ts";
import { bindingForRun, runVariant } from "./run-variant.ts";
import { setArms } from "./set-arms.ts";
import { createShadowRunner } from "./shadow.ts";
import type { Arms, Binding, Functions, FunctionsDeps, Variant } from "./types.ts";
import { variantKinds } from "./variants/index.ts";

const choosePauseMs = 2_000;
const upkeepPauseMs = 3_600_000;
/** Variants opened for evaluation and kept for the next row. */
const maxOpenedForRuns = 8;

/** The heart: see `Functions`. Nothing serves before `start`. */
export function createFunctions(deps: FunctionsDeps): Functions {
  const { sql, hotState, journal, clock, logger } = deps;
  const context = systemContext("functions");
  const runtimes = new Map<string, FunctionRuntime>();
  const keptBindings = new Set<string>();
  const openedForRuns = new Map<string, Promise<Variant>>();
  const timers: NodeJS.Timeout[] = [];
  const nodeFacts = writeNodeFacts(deps.node, deps.configHash);
  const shadows = createShadowRunner({ journal, clock, logger });
  const refuse = createRefusals({ journal, clock, logger, nodeFacts, stateAgeMs: hotState.ageMs });
  const leftBehind = journal.stats();
  const recovering = () => {
    const { stored, rejected } = journal.stats();
    return deps.drains !== false && leftBehind.backlog > 0 && stored + rejected < leftBehind.accepted;
  };
  const idempotency = new IdempotencyKeys(createIdempotencyStore(sql, clock), clock, recovering);
  const inferDeps: InferDeps = { journal, idempotency, shadows, clock, nodeFacts, stateAgeMs: hotState.ageMs };
  let latest: { arms: ReadonlyMap<string, Arms>; bindings: ReadonlyMap<string, Binding> } = { arms: new Map(), bindings: new Map() };
  let following: Promise<void> | undefined;
  let again = false;
  let inFlight = 0;
  let started = false;
  let closed = false;
  let announced = "";

  for (const definition of deps.definitions) {
    runtimes.set(
      definition.name,
      new FunctionRuntime(
        { context, definition, models: deps.models, sourceHash: deps.sourceHash, kinds: variantKinds },
        logger,
        keepBinding,
      ),
    );
  }

  function requireRuntime(name: string): FunctionRuntime {
    const runtime = runtimes.get(name);
    if (runtime === undefined)
      throw new AppError("unknown_function", `There is no function "${name}".`, {
        details: { function: name, known: [...runtimes.keys()] },
      });
    return runtime;
  }

  async function keepBinding(binding: Binding): Promise<void> {
    if (keptBindings.has(binding.hash)) return;
    await sql.as(context, (tx) => insertBinding(tx, binding));
    keptBindings.add(binding.hash);
  }

  /** Brings what is loaded in step with the tables; a change during it makes one more round. */
  function follow(): Promise<void> {
    if (following !== undefined) {
      again = true;
      return following;
    }
    following = (async () => {
      do {
        again = false;
        const { arms, bindings } = latest;
        for (const [name, runtime] of runtimes)
          await runtime.follow(arms.get(name) ?? { function: name, release: null, arms: [] }, bindings);
        await announce();
      } while (again && !closed);
    })().finally(() => {
      following = undefined;
    });
    return following;
  }

  async function announce(): Promise<void> {
    const hashes = readyBindings().toSorted();
    if (deps.onReadyBindings === undefined || hashes.join() === announced) return;
    try {
      await deps.onReadyBindings(hashes);
      announced = hashes.join();
    } catch (error) {
      logger.warn({ error }, "the bindings that are ready here could not be announced; the next round tries again");
    }
  }

  function readyBindings(): string[] {
    return [...new Set([...runtimes.values()].flatMap((runtime) => runtime.readyBindings()))];
  }

  /** First choices that were not possible yet, and bindings that failed to load. */
  async function lookAgain(): Promise<void> {
    if (closed) return;
    for (const runtime of runtimes.values()) if (mayChoose(runtime)) await bindFirst(runtime, deps);
    if ([...runtimes.values()].some((runtime) => runtime.problems().length > 0)) await follow();
  }

  async function upkeep(): Promise<void> {
    for (const partition of partitionsAt(clock.now())) {
      try {
        await createPartition(sql.owner, partition);
      } catch (error) {
        // Rows of a machine that slept past midnight are in the default partition; the next period gets its own again.
        logger.warn({ error, partition: partition.table }, "a partition of evidence could not be made; its rows go into the default one");
      }
    }
    await createIdempotencyStore(sql, clock).purge();
  }

  function repeat(pauseMs: number, what: string, run: () => Promise<void>): void {
    let running = false;
    const timer = setInterval(() => {
      if (running || closed) return;
      running = true;
      run()
        .catch((error: unknown) => logger.warn({ error }, `${what} failed; it is tried again`))
        .finally(() => {
          running = false;
        });
    }, pauseMs);
    timers.push(timer.unref());
  }

  async function start(): Promise<void> {
    await upkeep();
    for (const runtime of runtimes.values()) await bindFirst(runtime, deps);
    // Loading models must not run inside the loader's transaction, nor inherit it.
    const wake = AsyncResource.bind(() => void follow().catch((error: unknown) => logger.error({ error }, "arms could not be followed")));
    const read = async (tx: Parameters<typeof readArms>[0]) => {
      latest = await readArms(tx, defaultProjectId);
      if (started) setImmediate(wake);
    };
    hotState.register("functions", read);
    await sql.system("hot-state", read);
    await idempotency.recover();
    await follow();
    started = true;
    repeat(choosePauseMs, "binding a function", lookAgain);
    repeat(upkeepPauseMs, "keeping evidence tables", upkeep);
  }

  return {
    definitions: deps.definitions,
    definition: (name) => requireRuntime(name).definition,

    async bind(caller, input) {
      const runtime = requireRuntime(input.function);
      const binding = await runtime.resolve(input.variant, input.versions);
      if (binding === null)
        throw new AppError("unknown_model", `Variant "${input.variant}" of "${input.function}" cannot be bound: no such model version.`, {
          details: { ...input },
        });
      await sql.as(caller, (tx) => insertBinding(tx, binding));
      return binding;
    },
    binding: async (caller, hash) => latest.bindings.get(hash) ?? sql.as(caller, (tx) => findBinding(tx, hash)),
    arms: (caller, name) =>
      sql.as(
        caller,
        async (tx) =>
          (await readArms(tx, caller.projectId)).arms.get(requireRuntime(name).definition.name) ?? {
            function: name,
            release: null,
            arms: [],
          },
      ),
    setArms: (tx, input) => setArms(tx, { ...input, function: requireRuntime(input.function).definition.name }),
    readyBindings,

    admit: (principal, name) => admit(principal, { name, definition: runtimes.get(name)?.definition, inFlight }, deps),
    async infer(call) {
      const runtime = requireRuntime(call.function);
      inFlight++;
      try {
        return await infer(runtime, call, inferDeps);
      } finally {
        inFlight--;
      }
    },
    refuse(refusal) {
      if (runtimes.has(refusal.function)) refuse(refusal);
    },
    async runVariant(caller, input) {
      const runtime = requireRuntime(input.function);
      const serving = runtime.loaded(input);
      if (serving !== undefined) return runVariant(caller, input, serving, runtime);
      const binding = await bindingForRun(caller, input, runtime, deps);
      let opening = openedForRuns.get(binding.hash);
      if (opening === undefined) {
        opening = runtime.openLocally(binding);
        openedForRuns.set(binding.hash, opening);
        opening.catch(() => openedForRuns.delete(binding.hash));
        if (openedForRuns.size > maxOpenedForRuns) openedForRuns.delete(openedForRuns.keys().next().value!);
      }
      return runVariant(caller, input, await opening, runtime);
    },

    list: async (caller) => [...runtimes.values()].map((runtime) => describeFunction(caller, runtime, deps)),
    get: async (caller, name) => describeFunctionDetail(caller, requireRuntime(name), deps),
    series: async (caller, name, query) => readSeries(caller, requireRuntime(name).definition.name, query, deps),
    listInferences: (caller, query) => listInferences(caller, query, deps),
    getInference: (caller, id) => getInference(caller, id, deps),

    start,
    unreadyReasons() {
      if (!started) return ["The functions are still starting."];
      return [
        ...[...runtimes.values()].flatMap((runtime) => runtime.problems()),
        ...(recovering() ? ["The journal of the last run is still being read."] : []),
      ];
    },
    async close() {
      closed = true;
      for (const timer of timers) clearInterval(timer);
      await following;
      await shadows.idle();
    },
  };
}
