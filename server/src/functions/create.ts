import { AsyncResource } from "node:async_hooks";
import { isModelFunction, modelFunction } from "@millrace/contract";
import { AppError } from "../core/index.ts";
import { admit } from "./admit.ts";
import { bindFirst, mayChoose } from "./bind-first.ts";
import { describeFunction, describeFunctionDetail } from "./describe-functions.ts";
import { findBatchRow } from "./find-batch-row.ts";
import type { FunctionRuntime } from "./function-runtime.ts";
import { IdempotencyKeys } from "./idempotency.ts";
import { createIdempotencyStore } from "./idempotency-store.ts";
import { type InferDeps, infer } from "./infer.ts";
import { createLastGoodAnswers } from "./last-good-answers.ts";
import { checkModels } from "./llm/check-models.ts";
import { openModelCall } from "./model-call.ts";
import { partitionsAt } from "./partitions.ts";
import { createProjectRuntimes } from "./project-runtimes.ts";
import { getInference, listInferences } from "./read-inferences.ts";
import { readModelTraffic } from "./read-model-traffic.ts";
import { readSeries } from "./read-series.ts";
import { writeNodeFacts } from "./record.ts";
import { createRefusals } from "./refusals.ts";
import { findBinding, insertBinding, type ProjectArms, readArms, readEveryProject } from "./arms-repository.ts";
import { createPartition } from "./repository.ts";
import { bindingForRun, runVariant } from "./run-variant.ts";
import { setArms } from "./set-arms.ts";
import { createShadowRunner } from "./shadow.ts";
import type { FunctionDefinition, Functions, FunctionsDeps, StartFunctions, Variant } from "./types.ts";

const choosePauseMs = 2_000;
const upkeepPauseMs = 3_600_000;
/** Variants opened for evaluation and kept for the next row. */
const maxOpenedForRuns = 8;

/** The heart: see `Functions`. Nothing serves before `start`. */
export function createFunctions(deps: FunctionsDeps): Functions {
  const { sql, hotState, journal, clock, logger } = deps;
  checkModels(deps.definitions, deps.gateway);
  const definitions = new Map(deps.definitions.map((definition) => [definition.name, definition]));
  const lastGood = createLastGoodAnswers(clock);
  const runtimes = createProjectRuntimes({ ...deps, logger, lastGood }, () => setImmediate(() => wake()));
  const openedForRuns = new Map<string, Promise<Variant>>();
  const timers: NodeJS.Timeout[] = [];
  const nodeFacts = writeNodeFacts(deps.node, deps.configHash, deps.process);
  const shadows = createShadowRunner({ journal, clock, logger });
  const refuse = createRefusals({ journal, clock, logger, nodeFacts, stateAgeMs: hotState.ageMs });
  const leftBehind = journal.stats();
  const recovering = () => {
    const { stored, rejected } = journal.stats();
    return deps.drains !== false && leftBehind.backlog > 0 && stored + rejected < leftBehind.accepted;
  };
  const idempotency = new IdempotencyKeys(createIdempotencyStore(sql, clock), clock, recovering);
  const inferDeps: InferDeps = { journal, idempotency, shadows, lastGood, clock, nodeFacts, stateAgeMs: hotState.ageMs };
  let latest: ReadonlyMap<string, ProjectArms> = new Map();
  let following: Promise<void> | undefined;
  let again = false;
  let inFlight = 0;
  let started = false;
  let closed = false;
  let announced = "";

  function requireDefinition(name: string): FunctionDefinition {
    const definition = definitions.get(name);
    if (definition === undefined)
      throw new AppError("unknown_function", `There is no function "${name}".`, {
        details: { function: name, known: [...definitions.keys()] },
      });
    return definition;
  }

  function runtimeOf(caller: { readonly projectId: string }, name: string): FunctionRuntime {
    return runtimes.of(caller.projectId, name);
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
        const projects = latest;
        await bindEach(runtimes.add([...projects.keys()]));
        for (const runtime of runtimes.all()) {
          const { name } = runtime.definition;
          const own = projects.get(runtime.context.projectId);
          await runtime.follow(own?.arms.get(name) ?? { function: name, release: null, arms: [] }, own?.bindings ?? new Map());
        }
        await announce();
      } while (again && !closed);
    })().finally(() => {
      following = undefined;
    });
    return following;
  }

  /** First arms, or better ones. What fails in one project is tried again with the next look, and keeps no other from its own. */
  async function bindEach(unbound: readonly FunctionRuntime[]): Promise<void> {
    for (const runtime of unbound) {
      try {
        await bindFirst(runtime, deps);
      } catch (error) {
        const { context, definition } = runtime;
        logger.warn({ error, project: context.projectId, function: definition.name }, "a function could not be bound");
      }
    }
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
    return [...new Set(runtimes.all().flatMap((runtime) => runtime.readyBindings()))];
  }

  /** First choices that were not possible yet, and bindings that failed to load. */
  async function lookAgain(): Promise<void> {
    if (closed) return;
    await bindEach(runtimes.all().filter(mayChoose));
    if (runtimes.all().some((runtime) => runtime.problems().length > 0)) await follow();
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

  // Loading models must not run inside the loader's transaction, nor inherit it.
  const wake = AsyncResource.bind(() => void follow().catch((error: unknown) => logger.error({ error }, "arms could not be followed")));

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

  async function start({ overlaps = false }: StartFunctions = {}): Promise<void> {
    await upkeep();
    latest = await sql.system("hot-state", readEveryProject);
    for (const runtime of runtimes.add([...latest.keys()])) await bindFirst(runtime, deps);
    const read = async (tx: Parameters<typeof readEveryProject>[0]) => {
      latest = await readEveryProject(tx);
      if (started) setImmediate(wake);
    };
    hotState.register("functions", read);
    await sql.system("hot-state", read);
    await idempotency.recover({ stillAnswers: overlaps });
    await follow();
    started = true;
    repeat(choosePauseMs, "binding a function", lookAgain);
    repeat(upkeepPauseMs, "keeping evidence tables", upkeep);
  }

  return {
    definitions: deps.definitions,
    definition: requireDefinition,

    async bind(caller, input) {
      const runtime = runtimeOf(caller, input.function);
      const binding = await runtime.resolve(input.variant, input.versions);
      if (binding === null)
        throw new AppError("unknown_model", `Variant "${input.variant}" of "${input.function}" cannot be bound: no such model version.`, {
          details: { ...input },
        });
      await sql.as(caller, (tx) => insertBinding(tx, binding));
      return binding;
    },
    binding: async (caller, hash) => latest.get(caller.projectId)?.bindings.get(hash) ?? sql.as(caller, (tx) => findBinding(tx, hash)),
    arms: (caller, name) =>
      sql.as(
        caller,
        async (tx) =>
          (await readArms(tx, caller.projectId)).arms.get(requireDefinition(name).name) ?? {
            function: name,
            release: null,
            arms: [],
          },
      ),
    setArms: (tx, input) => setArms(tx, { ...input, function: requireDefinition(input.function).name }),
    readyBindings,

    admit(principal, name) {
      admit(principal, { name, known: definitions.has(name), inFlight }, deps);
      return requireDefinition(name);
    },
    admitModel(principal, model) {
      const name = modelFunction(model);
      admit(principal, { name, known: true, inFlight }, deps);
      return name;
    },
    openModelCall(call) {
      inFlight++;
      return openModelCall(call, { ...inferDeps, onEnd: () => inFlight-- });
    },
    async infer(call) {
      const runtime = runtimeOf(call.caller, call.function);
      inFlight++;
      try {
        return await infer(runtime, call, inferDeps);
      } finally {
        inFlight--;
      }
    },
    refuse(refusal) {
      if (definitions.has(refusal.function) || isModelFunction(refusal.function)) refuse(refusal);
    },
    async runVariant(caller, input) {
      const runtime = runtimeOf(caller, input.function);
      const serving = runtime.loaded(input);
      if (serving !== undefined) return runVariant(caller, input, serving, runtime);
      const binding = await bindingForRun(caller, input, runtime, deps);
      const key = `${caller.projectId}/${binding.hash}`;
      let opening = openedForRuns.get(key);
      if (opening === undefined) {
        opening = runtime.openLocally(binding);
        openedForRuns.set(key, opening);
        opening.catch(() => openedForRuns.delete(key));
        if (openedForRuns.size > maxOpenedForRuns) openedForRuns.delete(openedForRuns.keys().next().value!);
      }
      return runVariant(caller, input, await opening, runtime);
    },

    list: async (caller) => deps.definitions.map(({ name }) => describeFunction(caller, runtimeOf(caller, name), deps)),
    get: async (caller, name) => describeFunctionDetail(caller, runtimeOf(caller, name), deps),
    series: async (caller, name, query) => readSeries(caller, requireDefinition(name).name, query, deps),
    modelTraffic: (caller, query) => readModelTraffic(caller, query, deps),
    listInferences: (caller, query) => listInferences(caller, query, deps),
    getInference: (caller, id) => getInference(caller, id, deps),
    async eraseBody(caller, id) {
      if (deps.archive === undefined) throw new AppError("internal", "These functions have no archive.");
      // Before: its metadata says which batch repeats it, and goes with the rest.
      const inBatch = await findBatchRow(caller, id, deps);
      if (inBatch !== null) await deps.batches?.()?.eraseRow(caller, inBatch);
      const erased = await deps.archive.erase(caller, id);
      lastGood.forget(id);
      deps.gateway?.cache.forget(caller, id);
      deps.demonstrations?.()?.forgetDemonstration(id);
      return erased;
    },

    start,
    settled: () => started && !recovering(),
    takeUpKeys: () => idempotency.recover(),
    unreadyReasons() {
      if (!started) return ["The functions are still starting."];
      return [
        ...runtimes.all().flatMap((runtime) => runtime.problems()),
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
