import type { PushedRows, PushRows, ReadSource, Source } from "@millrace/contract";
import { AppError, canonicalJson, type Context, isSecret } from "../../core/index.ts";
import type { Jobs } from "../../jobs/index.ts";
import type { SourceConfig } from "./config.ts";
import { kindOf } from "./kinds/index.ts";
import { pushRows } from "./push-rows.ts";
import { type ReadDeps, readSource } from "./read-source.ts";
import * as repository from "./repository.ts";

/** Where rows come from, as the configuration declares it. */
export interface Sources {
  list(context: Context): Promise<Source[]>;
  /** Starts the workflow `data.read-source`, or joins the one that reads this source already; its result is a `SourceRead`. `unknown_source`, `conflict` for pushed rows from the start */
  read(context: Context, name: string, options: ReadSource): Promise<{ workflowId: string }>;
  /** `unknown_source`, `conflict` for a source of another kind, `idempotency_conflict`, `invalid_request` */
  push(context: Context, name: string, batch: PushRows): Promise<PushedRows>;
}

export interface SourcesDeps extends Omit<ReadDeps, "emit"> {
  readonly jobs: Jobs;
}

const workflowName = "data.read-source@1";
const mostOpen = 200;

/** Input of the workflow. */
type ReadInput = ReadSource & { readonly source: string };

/** Defines its workflow and its schedules on `jobs`: call it before `jobs.start()`. */
export function createSources(deps: SourcesDeps): Sources {
  const { sql, jobs } = deps;
  const { sources } = deps.config;
  const readDeps: ReadDeps = { ...deps, emit: (tx, event) => jobs.emit(tx, event) };

  // A start that could never reach a source says so.
  for (const source of sources) if ("url" in source && !isSecret(source.url)) deps.egress.check(source.url);

  function find(name: string): SourceConfig {
    const source = sources.find((each) => each.name === name);
    if (source !== undefined) return source;
    throw new AppError("unknown_source", `There is no data source "${name}"; the configuration declares ${listNames(sources)}.`, {
      details: { source: name },
    });
  }

  async function read(context: Context, name: string, { fromStart }: ReadSource): Promise<{ workflowId: string }> {
    const source = find(name);
    if (fromStart && source.kind === "push")
      throw new AppError("conflict", `The rows pushed to ${name} that were read are not kept here; they are in the uploads of its reads.`, {
        details: { source: name },
      });
    const input = { source: name, fromStart };
    return (await findOpen(context, input)) ?? jobs.startWorkflow(context, workflowName, input);
  }

  /** A read that goes on already: of two, only one would be kept. */
  async function findOpen(context: Context, input: ReadInput): Promise<{ workflowId: string } | undefined> {
    const wanted = canonicalJson(input);
    for (const status of ["running", "queued"] as const) {
      const { items } = await jobs.list(context, { name: workflowName, status, limit: mostOpen });
      const open = items.find((workflow) => canonicalJson(workflow.input) === wanted);
      if (open !== undefined) return { workflowId: open.id };
    }
    return undefined;
  }

  jobs.defineWorkflow<ReadInput, unknown>(workflowName, (run, { source, fromStart }) =>
    readSource({ source: find(source), fromStart }, run, readDeps),
  );
  for (const { name, every } of sources)
    if (every !== undefined)
      jobs.defineSchedule(`data.read-source ${name}`, every, async (context) => {
        await read(context, name, { fromStart: false });
      });

  return {
    read,

    async list(context) {
      const states = new Map((await sql.as(context, repository.listStates)).map((state) => [state.source, state]));
      return sources.map((source): Source => {
        const state = states.get(source.name);
        const position = (state?.cursor as { position?: number } | null | undefined)?.position ?? 0;
        return {
          name: source.name,
          kind: source.kind,
          everySeconds: source.every === undefined ? null : source.every / 1000,
          watermark: state === undefined ? null : kindOf(source).describe(state.cursor),
          rows: state?.rows ?? 0,
          waiting: source.kind === "push" ? (state?.received ?? 0) - position : 0,
          lastReadAt: state?.lastReadAt ?? null,
          lastRead: state?.lastRead ?? null,
        };
      });
    },

    async push(context, name, batch) {
      const source = find(name);
      if (source.kind !== "push")
        throw new AppError("conflict", `The source ${name} is of kind ${source.kind}: it is read, and takes no rows.`, {
          details: { source: name },
        });
      return sql.as(context, (tx) => pushRows(tx, { source, ...batch }, deps.audit));
    },
  };
}

function listNames(sources: readonly SourceConfig[]): string {
  return sources.length === 0 ? "none" : sources.map(({ name }) => name).join(", ");
}
