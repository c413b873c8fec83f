import { AppError } from "../core/index.ts";
import type { Tx } from "../storage/index.ts";
import { findBinding, lockArms, replaceArms } from "./arms-repository.ts";
import type { SetArms } from "./types.ts";

/** Writes a function's arms in the caller's transaction. `conflict` unless there is one stable arm and the shares sum to 1. */
export async function setArms(tx: Tx, input: SetArms): Promise<void> {
  const problem = findProblem(input);
  if (problem !== undefined)
    throw new AppError("conflict", `The arms of "${input.function}" make no sense: ${problem}.`, { details: { arms: input.arms } });
  await lockArms(tx, input.function);
  for (const arm of input.arms) {
    const binding = await findBinding(tx, arm.binding);
    if (binding === null || binding.function !== input.function || binding.variant !== arm.variant) {
      throw new AppError("conflict", `Arm "${arm.variant}" of "${input.function}" names binding ${arm.binding}, which is not one of it.`, {
        details: { arm },
      });
    }
  }
  await replaceArms(tx, input);
}

function findProblem({ arms }: SetArms): string | undefined {
  if (arms.filter((arm) => arm.role === "stable").length !== 1) return "there must be exactly one stable arm";
  if (arms.some((arm) => arm.share < 0 || arm.share > 1 || (arm.role === "shadow" && arm.share !== 0)))
    return "a share is outside [0, 1], or a shadow has one";
  const total = arms.reduce((sum, arm) => sum + arm.share, 0);
  return Math.abs(total - 1) > 1e-9 ? `the shares sum to ${total}, not 1` : undefined;
}
