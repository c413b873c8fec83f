import type { Cost } from "../money/cost-of.ts";
import type { ChatAnswer, ChatEvent } from "../types.ts";

/** One step of a stream, and how long it had been waited for. */
export interface Piece {
  readonly events: readonly ChatEvent[];
  readonly gapMs: number;
}

export interface KeptAnswer {
  readonly key: string;
  readonly projectId: string;
  /** The inference that was given it first. */
  readonly from: string;
  readonly target: string;
  readonly answer: ChatAnswer;
  readonly cost: Cost | null;
  /** As it streamed; null for one that came whole. */
  readonly pieces: readonly Piece[] | null;
  /** `Clock.now()` */
  readonly keptAt: number;
  /** Where it stands among questions that differ in their last words alone. */
  readonly place: { readonly group: string; readonly vector: Float32Array } | null;
}

export interface KeptAnswers {
  /** Counts as a use. */
  get(key: string): KeptAnswer | undefined;
  /** Those with a vector; the newest last. */
  inGroup(group: string): Iterable<KeptAnswer>;
  put(kept: KeptAnswer): void;
  drop(key: string): void;
  sizeOf(projectId: string): { readonly entries: number; readonly bytes: number };
  /** How many there were. */
  clear(projectId: string): number;
  /** What this inference was given first is told to nobody any more. */
  forget(projectId: string, inferenceId: string): number;
}

/** Each look compares with all of a group. */
const mostInGroup = 5000;

interface Slot {
  readonly kept: KeptAnswer;
  readonly bytes: number;
}

/** Answers in memory, up to so many bytes: the one that was used longest ago goes first. */
export function createKeptAnswers(maxBytes: number): KeptAnswers {
  /** The one used last is last. */
  const slots = new Map<string, Slot>();
  const groups = new Map<string, Map<string, KeptAnswer>>();
  const sizes = new Map<string, { entries: number; bytes: number }>();
  let bytes = 0;

  function count({ kept, bytes: size }: Slot, sign: 1 | -1): void {
    const before = sizes.get(kept.projectId) ?? { entries: 0, bytes: 0 };
    bytes += sign * size;
    if (before.entries + sign === 0) sizes.delete(kept.projectId);
    else sizes.set(kept.projectId, { entries: before.entries + sign, bytes: before.bytes + sign * size });
  }

  function drop(key: string): void {
    const slot = slots.get(key);
    if (slot === undefined) return;
    slots.delete(key);
    count(slot, -1);
    const { place } = slot.kept;
    if (place === null) return;
    const group = groups.get(place.group);
    group?.delete(key);
    if (group?.size === 0) groups.delete(place.group);
  }

  function dropWhere(isMeant: (kept: KeptAnswer) => boolean): number {
    const keys = [...slots].flatMap(([key, { kept }]) => (isMeant(kept) ? [key] : []));
    for (const key of keys) drop(key);
    return keys.length;
  }

  return {
    get(key) {
      const slot = slots.get(key);
      if (slot === undefined) return undefined;
      slots.delete(key);
      slots.set(key, slot);
      return slot.kept;
    },
    inGroup: (group) => groups.get(group)?.values() ?? [],
    put(kept) {
      drop(kept.key);
      const slot = { kept, bytes: bytesOf(kept) };
      if (slot.bytes > maxBytes) return;
      slots.set(kept.key, slot);
      count(slot, 1);
      if (kept.place !== null) {
        const group = groups.get(kept.place.group) ?? new Map<string, KeptAnswer>();
        groups.set(kept.place.group, group.set(kept.key, kept));
        if (group.size > mostInGroup) group.delete(group.keys().next().value!);
      }
      while (bytes > maxBytes) drop(slots.keys().next().value!);
    },
    drop,
    sizeOf: (projectId) => sizes.get(projectId) ?? { entries: 0, bytes: 0 },
    clear: (projectId) => dropWhere((kept) => kept.projectId === projectId),
    forget: (projectId, inferenceId) => dropWhere((kept) => kept.projectId === projectId && kept.from === inferenceId),
  };
}

/** What an object of a few fields takes beside its text. */
const objectBytes = 200;

/** About: strings take up to two bytes a character, and every piece is objects of its own. */
export function bytesOf({ answer, pieces, place }: KeptAnswer): number {
  const text = 2 * JSON.stringify([answer, pieces]).length;
  return 1000 + text + (pieces?.length ?? 0) * objectBytes + (place === null ? 0 : place.vector.byteLength + objectBytes);
}
