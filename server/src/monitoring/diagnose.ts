import { answeredShare, type Measure, trueShare } from "./monitors/index.ts";

export type Cause = "label-share" | "input-change" | "quality" | "latency" | "failures";
/** Causes that cannot be told apart while they last share a family, and so an alert. */
export type Family = "label-share" | "quality" | "latency" | "failures";

export interface Diagnosis {
  readonly family: Family;
  readonly cause: Cause;
  /** One window is enough. */
  readonly strong: boolean;
  /** What shows it; the first is the one to name. */
  readonly signals: readonly Measure[];
}

interface Evidence {
  readonly failures: readonly Measure[];
  readonly latency: readonly Measure[];
  /** By the true labels where enough came back, else by the answers. */
  readonly share: readonly Measure[];
  readonly isShareTrue: boolean;
  readonly inputs: readonly Measure[];
  readonly quality: readonly Measure[];
  readonly isQualityKnown: boolean;
}

/** Which measures of a window belong together, and what causes them. The decision table of docs/monitoring.md. */
export function diagnose(measures: readonly Measure[], active: ReadonlySet<Family>): Diagnosis[] {
  const evidence = sort(measures);
  const { failures, latency, quality, inputs, share } = evidence;
  const diagnoses: Diagnosis[] = [];
  // What comes late falls back, so slowness beside failures is part of them.
  if (failures.length > 0) diagnoses.push(conclude("failures", "failures", [...failures, ...latency]));
  else if (latency.length > 0) diagnoses.push(conclude("latency", "latency", latency));
  const behaviour = diagnoseBehaviour(evidence);
  // Answers that moved because they are wrong are no news about the world; true labels that moved are.
  const isConsequence = behaviour !== null && !evidence.isShareTrue && !active.has("label-share");
  if (behaviour !== null) {
    const signals = behaviour === "input-change" ? [...inputs, ...quality] : quality;
    diagnoses.push(conclude("quality", behaviour, [...signals, ...(isConsequence ? share : [])]));
  }
  if (share.length > 0 && !isConsequence) diagnoses.push(conclude("label-share", "label-share", share));
  return diagnoses;
}

function sort(measures: readonly Measure[]): Evidence {
  const of = (monitor: Measure["monitor"]) => measures.filter((measure) => measure.monitor === monitor);
  const exceeded = (monitor: Measure["monitor"]) => of(monitor).filter((measure) => measure.exceeded);
  const byTruth = measures.find((measure) => measure.measure === trueShare && measure.monitor === "output-drift");
  const byAnswers = measures.find((measure) => measure.measure === answeredShare && measure.monitor === "output-drift");
  const share = byTruth ?? byAnswers;
  return {
    failures: exceeded("failures"),
    latency: exceeded("latency"),
    share: share?.exceeded === true ? [share] : [],
    isShareTrue: byTruth !== undefined,
    // The largest against its threshold first.
    inputs: exceeded("input-drift").sort((a, b) => b.value / b.threshold - a.value / a.threshold),
    quality: exceeded("accuracy"),
    isQualityKnown: of("accuracy").length > 0,
  };
}

/** Labels outrank proxies: inputs that changed without harm to the answers are measured, not alerted. */
function diagnoseBehaviour({ inputs, quality, isQualityKnown }: Evidence): "input-change" | "quality" | null {
  if (quality.length > 0) return inputs.length > 0 ? "input-change" : "quality";
  return inputs.length > 0 && !isQualityKnown ? "input-change" : null;
}

function conclude(family: Family, cause: Cause, signals: readonly Measure[]): Diagnosis {
  return { family, cause, signals, strong: signals.some((signal) => signal.strong) };
}
