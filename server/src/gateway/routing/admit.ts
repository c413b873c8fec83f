import { AppError, roundMs, toAppError } from "../../core/index.ts";
import { mapOutcome } from "../map-outcome.ts";
import { readSaid } from "../read-said.ts";
import type { Target } from "../resolve-model.ts";
import type { Ask, GatewayCall, GatewayReply, Stage } from "../stage.ts";
import { type CapabilityTable, whatLacks } from "./capability-table.ts";
import { type DataClass, dataClassOf, whyUnseen } from "./data-class.ts";
import { findNeeds } from "./find-needs.ts";

export interface AdmitDeps {
  /** From what everybody may see to what nearly nobody may. */
  readonly dataClasses: readonly string[];
  readonly capabilities: CapabilityTable;
}

interface PassedOver {
  readonly target: string;
  readonly why: string;
}

interface Admitted {
  readonly targets: readonly Target[];
  readonly dataClass: DataClass | null;
  readonly passedOver: readonly PassedOver[];
}

/** Leaves the targets that may see a call and can do what it needs; refuses where there is none, before anything is spent or sent. */
export function createAdmitStage(deps: AdmitDeps): Stage {
  return (call, next) => {
    // Of a target by its own name nothing is said that could speak against it, unless somebody says what the call holds.
    const isPlain = call.resolved.alias === null && call.dataClass === undefined && readSaid(call).tags["data_class"] === undefined;
    return isPlain ? next(call) : admitFirst(call, next);
  };

  async function admitFirst(call: GatewayCall, next: Ask): Promise<GatewayReply> {
    const startMs = call.evidence.elapsed();
    const step = (details: Record<string, unknown>, error?: AppError) =>
      call.evidence.step({
        name: "providers",
        kind: "admission",
        startMs: roundMs(startMs),
        durationMs: roundMs(call.evidence.elapsed() - startMs),
        status: error === undefined ? "ok" : "failed",
        ...(error === undefined ? {} : { error: error.code }),
        details,
      });
    let admitted: Admitted;
    try {
      admitted = admit(call, deps);
    } catch (error) {
      const known = toAppError(error);
      step({ message: known.message }, known);
      throw error;
    }
    const { targets, dataClass, passedOver } = admitted;
    if (dataClass === null && passedOver.length === 0) return next(call);
    const notes = { ...(dataClass === null ? {} : { dataClass }), ...(passedOver.length === 0 ? {} : { passedOver }) };
    step(notes);
    const reply = await next({ ...call, resolved: { ...call.resolved, targets } });
    return mapOutcome(reply, (outcome) => ({
      ...outcome,
      chosen: outcome.chosen ?? targets[0]!.name,
      notes: { ...outcome.notes, ...notes },
    }));
  }
}

function admit(call: GatewayCall, { dataClasses, capabilities }: AdmitDeps): Admitted {
  const { resolved, request, dataClass: declared } = call;
  const { alias, name } = resolved;
  const dataClass = dataClassOf({ declared: [alias?.dataClass, declared], metadata: readSaid(call).tags }, dataClasses);
  const unseen = sift(resolved.targets, (target) => whyUnseen(target.config, dataClass?.name, alias?.regions));
  if (unseen.left.length === 0) {
    const what = dataClass === null ? "calls of this name" : `data of the class "${dataClass.name}"`;
    throw new AppError("data_class_refused", `No provider of "${name}" may see ${what}: ${inWords(unseen.passedOver)}.`, {
      details: { model: name, dataClass: dataClass?.name ?? null, passedOver: unseen.passedOver },
    });
  }
  // Of one target its provider knows best what it can do.
  if (alias === null || alias.targets.length < 2) return { targets: unseen.left, dataClass, passedOver: unseen.passedOver };
  const isKnown = unseen.left.some(({ provider, model }) => capabilities.find(provider, model) !== null);
  if (!isKnown) return { targets: unseen.left, dataClass, passedOver: unseen.passedOver };
  const needs = findNeeds(request);
  const unable = sift(unseen.left, (target) => whatLacks(capabilities.find(target.provider, target.model), needs));
  const passedOver = [...unseen.passedOver, ...unable.passedOver];
  if (unable.left.length > 0) return { targets: unable.left, dataClass, passedOver };
  throw new AppError("capability_missing", `No model of "${name}" can do what the request needs: ${inWords(passedOver)}.`, {
    details: { model: name, needs, passedOver },
  });
}

/** Parts those nothing speaks against from those something does. */
function sift(targets: readonly Target[], whyNot: (target: Target) => string | undefined) {
  const left: Target[] = [];
  const passedOver: PassedOver[] = [];
  for (const target of targets) {
    const why = whyNot(target);
    if (why === undefined) left.push(target);
    else passedOver.push({ target: target.name, why });
  }
  return { left, passedOver };
}

function inWords(passedOver: readonly PassedOver[]): string {
  return passedOver.map(({ target, why }) => `${target} ${why}`).join("; ");
}
