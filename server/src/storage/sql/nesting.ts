import { AsyncLocalStorage } from "node:async_hooks";
import { AppError } from "../../core/index.ts";

interface OpenTransaction {
  open: boolean;
}

const current = new AsyncLocalStorage<OpenTransaction>();

/**
 * Throws `nested_transaction` inside a transaction's callback. The embedded store has one session: waiting for it while
 * holding it would wait forever, so the mistake is named at once, on both stores.
 */
export function refuseNesting(what: string): void {
  if (current.getStore()?.open === true) {
    throw new AppError("nested_transaction", `${what} was called inside a transaction. Pass the open transaction (tx) down instead.`);
  }
}

/** Runs a transaction's callback so that `refuseNesting` sees it, until it ends. */
export async function insideTransaction<T>(run: () => Promise<T>): Promise<T> {
  const mark: OpenTransaction = { open: true };
  try {
    return await current.run(mark, run);
  } finally {
    mark.open = false;
  }
}

/** Leaves the mark behind, for work that outlives the transaction that started it. */
export function outsideTransaction<T>(run: () => T): T {
  return current.exit(run);
}
