import { AppError } from "../core/index.ts";
import { mapOutcome } from "./map-outcome.ts";
import type { Stage } from "./stage.ts";

const header = "anthropic-beta";
const name = /^[A-Za-z0-9._-]{1,100}$/;
const mostNames = 50;

/** What an Anthropic client says in its header: which unfinished parts of the API its body may use. In order, each once. */
export function readBetas(value: string | readonly string[] | undefined): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const names = [
    ...new Set(
      [value]
        .flat()
        .join(",")
        .split(",")
        .map((each) => each.trim()),
    ),
  ].filter((each) => each !== "");
  if (names.length > mostNames || !names.every((each) => name.test(each)))
    throw new AppError("invalid_request", `The header ${header} must be a list of at most ${mostNames} names, with commas between them.`);
  return names.length === 0 ? undefined : names.toSorted();
}

/** The caller's and those that are configured. */
export function betaHeaders(configured: Readonly<Record<string, string>>, betas: readonly string[] | undefined): Record<string, string> {
  if (betas === undefined) return { ...configured };
  const own = Object.entries(configured).filter(([key]) => key.toLowerCase() === header);
  const others = Object.entries(configured).filter(([key]) => key.toLowerCase() !== header);
  const all = readBetas([...own.map(([, value]) => value), ...betas])!;
  return { ...Object.fromEntries(others), [header]: all.join(",") };
}

/** They are part of what was asked, and stand in no body. */
export const noteBetas: Stage = (call, next) => {
  const { betas } = call;
  if (betas === undefined) return next(call);
  return next(call).then((reply) => mapOutcome(reply, (outcome) => ({ ...outcome, notes: { ...outcome.notes, betas } })));
};
