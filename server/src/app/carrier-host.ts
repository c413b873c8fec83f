import { createLogger, isAppError, readEnvironment } from "../core/index.ts";
import { createSinks } from "../functions/index.ts";
import { type Carrier, type Sql, createCarrier, createPostgresSql } from "../storage/index.ts";
import type { DrainAnswer, DrainQuestion } from "./carry-in-process.ts";

// Carries evidence from a node's journal to PostgreSQL, so that the process which serves requests spends no CPU on it.
const logger = createLogger("warn");
let opening: Promise<{ sql: Sql; carrier: Carrier }> | undefined;

/** One connection: batches come one after the other. A database that is away now is tried again with the next batch. */
function open(): Promise<{ sql: Sql; carrier: Carrier }> {
  opening ??= createPostgresSql({
    url: readEnvironment("MILLRACE_DATABASE_URL") ?? "",
    schema: readEnvironment("MILLRACE_DATABASE_SCHEMA") || undefined,
    maxConnections: 1,
    logger,
  }).then((sql) => ({ sql, carrier: createCarrier({ sql, sinks: createSinks(logger) }) }));
  opening.catch(() => (opening = undefined));
  return opening;
}

async function answer({ id, job }: DrainQuestion): Promise<DrainAnswer> {
  try {
    const { carrier } = await open();
    return { id, result: await carrier.carry(job) };
  } catch (error) {
    const { message, code } = error as { message?: string; code?: unknown };
    return { id, error: { message: message ?? String(error), code: typeof code === "string" ? code : null, known: isAppError(error) } };
  }
}

process.on("message", (question: DrainQuestion) => {
  void answer(question).then((said) => {
    if (process.connected) process.send!(said);
  });
});
// A signal is for the process that serves, which ends this one when nothing is left to carry.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.on("disconnect", () => {
  void Promise.resolve(opening)
    .then((opened) => opened?.sql.close())
    .catch(() => {})
    .finally(() => process.exit(0));
});
