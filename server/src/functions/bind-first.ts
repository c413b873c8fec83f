import type { FunctionRuntime } from "./function-runtime.ts";
import { insertBinding, lockArms, replaceArms } from "./arms-repository.ts";
import type { Arms, Binding, FunctionsDeps } from "./types.ts";

/**
 * Gives a function its first arms: all traffic to the first variant of the chain that can be bound. As long as no release has
 * spoken it looks again: an earlier variant that can be bound by now takes over, and changed code is bound anew.
 */
export async function bindFirst(runtime: FunctionRuntime, deps: Pick<FunctionsDeps, "sql" | "governance">): Promise<void> {
  const choice = await chooseFirst(runtime);
  if (choice === null) return;
  const { name } = runtime.definition;
  await deps.sql.as(runtime.context, async (tx) => {
    const current = await lockArms(tx, name);
    if (!shouldReplace(runtime, current, choice)) return;
    const next: Arms = {
      function: name,
      release: null,
      arms: [{ binding: choice.hash, variant: choice.variant, role: "stable", share: 1 }],
    };
    await insertBinding(tx, choice);
    await replaceArms(tx, next);
    await deps.governance.audit(tx, { action: "functions.bind-first", object: `function:${name}`, before: current.arms, after: next.arms });
  });
}

/** Whether a better first choice may still turn up for this function. */
export function mayChoose(runtime: FunctionRuntime): boolean {
  const arms = runtime.arms();
  return arms.release === null && arms.arms[0]?.variant !== runtime.definition.fallback[0];
}

async function chooseFirst(runtime: FunctionRuntime): Promise<Binding | null> {
  for (const name of runtime.definition.fallback) {
    const binding = await runtime.resolve(name);
    if (binding !== null) return binding;
  }
  return null;
}

function shouldReplace(runtime: FunctionRuntime, current: Arms, choice: Binding): boolean {
  const [arm] = current.arms;
  if (arm === undefined) return true;
  if (current.release !== null || arm.binding === choice.hash) return false;
  const order = runtime.definition.fallback;
  // The same model variant in another version is a release's business, never ours.
  return arm.variant === choice.variant
    ? choice.kind !== "model"
    : order.indexOf(choice.variant) < order.indexOf(arm.variant) || !order.includes(arm.variant);
}
