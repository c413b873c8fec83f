import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";
import type { BudgetConfig, Dimension } from "./config.ts";

/** Who spends, and on what: all a budget looks at. Nothing of it is about chat. */
export interface Spender {
  readonly projectId: string;
  readonly principalId: string;
  readonly function: string;
  /** Every name the model has: the alias as well as the targets. */
  readonly models: readonly string[];
  readonly address: string | null;
  /** The end user whom the caller names. */
  readonly user: string | null;
  readonly tags: Readonly<Record<string, string>>;
}

/** What a budget tells apart: `{ principal: "key:...", user: "ada" }`. */
export type Bucket = Readonly<Record<string, string>>;

/** Of a value that callers choose; a longer one stands in keys as its hash. */
const longestValue = 128;

export function holdsFor({ match }: BudgetConfig, spender: Spender): boolean {
  const isFunction = match.function === undefined || fits(match.function, spender.function);
  return isFunction && (match.model === undefined || spender.models.some((model) => fits(match.model!, model)));
}

export function dimensionsOf({ per }: BudgetConfig): readonly Dimension[] {
  return [per].flat();
}

export function bucketOf(budget: BudgetConfig, spender: Spender): Bucket {
  return Object.fromEntries(dimensionsOf(budget).map((dimension) => [dimension, shorten(valueOf(dimension, spender))]));
}

/** Calls that do not say it share one count, the empty one: whoever leaves it out is not without a limit. */
export function valueOf(dimension: Dimension, spender: Spender): string {
  switch (dimension) {
    case "project":
      return spender.projectId;
    case "principal":
      return spender.principalId;
    case "function":
      return spender.function;
    case "user":
      return spender.user ?? "";
    case "address":
      return spender.address === null ? "" : networkOf(spender.address);
    default: {
      const key = dimension.slice("tag:".length);
      return Object.hasOwn(spender.tags, key) ? spender.tags[key]! : "";
    }
  }
}

/** Of version 6, the 64 bits that one subscriber has: the rest he chooses for himself. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1]!;
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.toLowerCase().split("%")[0]!.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: missing }, () => "0"), ...after].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}

function shorten(value: string): string {
  return value.length <= longestValue ? value : `sha256:${createHash("sha256").update(value).digest("hex")}`;
}

function fits(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}
