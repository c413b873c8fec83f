import type { AuditReport } from "@millrace/contract";
import { isIntact, leafOf, type StoredEntry } from "./entry.ts";
import { append, type CompactTree, emptyTree, fromHex, rootOf, toHex } from "./merkle.ts";
import { isSigned } from "./sign-checkpoint.ts";
import type { Checkpoint, EvidenceCheck } from "./types.ts";

/** A checkpoint and where it was found: `database`, `given`, or a sink's name. */
export interface Claim {
  readonly source: string;
  readonly checkpoint: Checkpoint;
}

/** What there is to verify. `pages` yields entries in the order of their index. */
export interface Log {
  readonly projectId: string;
  /** The head as the database states it. */
  readonly head: { size: number; rootHash: string } | null;
  readonly pending: number;
  readonly claims: readonly Claim[];
  readonly trustedKeys: ReadonlySet<string>;
  readonly pages: AsyncIterable<readonly StoredEntry[]>;
}

type Problem = AuditReport["problems"][number];

/** More would only repeat the same story. */
const problemsKept = 100;

/**
 * Recomputes the tree from the entries. A checkpoint whose root comes out again at its size proves that every entry below it
 * is included, unaltered and in its place, and (two such checkpoints) that the later log is the earlier one, continued.
 */
export async function verifyLog(log: Log): Promise<AuditReport> {
  const problems: Problem[] = [];
  function report(problem: string, entry: { entryId?: string; index?: number } = {}): void {
    if (problems.length < problemsKept) problems.push({ entryId: entry.entryId ?? null, index: entry.index ?? null, problem });
  }

  const claims = trustedClaims(log, report);
  const sizes = new Set([...claims.map((claim) => claim.checkpoint.size), log.head?.size ?? 0]);
  const roots = new Map<number, string>([[0, toHex(rootOf(emptyTree))]]);
  let tree: CompactTree = emptyTree;
  let whole = true;
  let seen = 0;
  let next = 0;
  for await (const page of log.pages) {
    for (const entry of page) {
      const index = entry.index!;
      if (index !== next) {
        whole = false;
        report(
          index > next ? missing(next, index - 1) : `The index ${index} stands on two entries.`,
          index > next ? { index: next } : { entryId: entry.id, index },
        );
      }
      next = index + 1;
      seen += 1;
      checkEntry(entry, report);
      if (!whole) continue;
      tree = append(tree, [fromHex(entry.leafHash ?? "")]);
      if (sizes.has(tree.size)) roots.set(tree.size, toHex(rootOf(tree)));
    }
  }

  const stated = Math.max(
    log.head?.size ?? 0,
    ...claims.filter((claim) => claim.source === "database").map((claim) => claim.checkpoint.size),
  );
  if (next < stated) report(missing(next, stated - 1), { index: next });
  if (next > stated)
    report(`Entries from index ${stated} on stand beyond the head of the tree; the sequencer did not place them.`, { index: stated });
  if (whole && next >= stated && log.head !== null && roots.get(log.head.size) !== log.head.rootHash) {
    report(`The head of the tree (${log.head.size} entries) does not fit the entries.`);
  }
  const anchored = checkClaims({ claims, roots, length: next, whole }, report);
  return {
    verified: problems.length === 0,
    entries: seen,
    pending: log.pending,
    checkpoints: log.claims.filter((claim) => claim.source === "database").length,
    anchoring: anchoringOf(problems.length === 0 ? anchored : 0, next),
    sinks: [],
    sealed: { hours: 0, records: 0 },
    problems,
  };
}

/** The report on the log, with what the modules that seal records found of theirs. */
export function withSealed(report: AuditReport, checks: readonly EvidenceCheck[]): AuditReport {
  const found = checks.flatMap((check) => check.problems).map((problem) => ({ entryId: null, index: null, problem }));
  const problems = [...report.problems, ...found].slice(0, problemsKept);
  const sealed = {
    hours: checks.reduce((sum, check) => sum + check.hours, 0),
    records: checks.reduce((sum, check) => sum + check.records, 0),
  };
  return { ...report, verified: problems.length === 0, sealed, problems };
}

type Report = (problem: string, entry?: { entryId?: string; index?: number }) => void;

function missing(from: number, to: number): string {
  return from === to ? `The entry with index ${from} is missing.` : `The entries with the indexes ${from} to ${to} are missing.`;
}

function nameOf(claim: Claim): string {
  const where = claim.source === "database" ? "in the database" : claim.source === "given" ? "given" : `in the sink ${claim.source}`;
  return `The checkpoint of ${claim.checkpoint.size} entries ${where}`;
}

function trustedClaims(log: Log, report: Report): Claim[] {
  return log.claims.filter((claim) => {
    if (!log.trustedKeys.has(claim.checkpoint.publicKey)) {
      report(`${nameOf(claim)} is signed with a key that is not ours.`);
      return false;
    }
    if (!isSigned(log.projectId, claim.checkpoint)) {
      report(`${nameOf(claim)} has a signature that does not fit it.`);
      return false;
    }
    return true;
  });
}

function checkEntry(entry: StoredEntry, report: Report): void {
  const where = { entryId: entry.id, index: entry.index! };
  if (toHex(leafOf(entry)) !== entry.leafHash) report("The entry was altered: it no longer has the hash it was placed with.", where);
  if (!isIntact(entry.before)) report("The plain text of `before` was altered: it no longer has its salted hash.", where);
  if (!isIntact(entry.after)) report("The plain text of `after` was altered: it no longer has its salted hash.", where);
}

function anchoringOf(anchored: number, length: number): string {
  if (anchored === 0) return "self-consistent, not anchored";
  return anchored === length ? "anchored" : `anchored up to ${anchored} of ${length} entries`;
}

/** Compares every checkpoint with the recomputed roots. Answers the size up to which one from outside the database agrees. */
function checkClaims(
  log: { claims: readonly Claim[]; roots: ReadonlyMap<number, string>; length: number; whole: boolean },
  report: Report,
): number {
  let anchored = 0;
  let lastGood = 0;
  for (const claim of log.claims.toSorted((one, other) => one.checkpoint.size - other.checkpoint.size)) {
    const { size, rootHash } = claim.checkpoint;
    if (size > log.length) {
      report(`${nameOf(claim)} is of a longer log: this one holds ${log.length}. Entries were cut off.`, { index: log.length });
    } else if (!log.whole && !log.roots.has(size)) {
      // A missing entry was reported already; no root can be computed past it.
      continue;
    } else if (log.roots.get(size) !== rootHash) {
      report(`${nameOf(claim)} does not fit the entries: between index ${lastGood} and ${size - 1} one was replaced, altered or moved.`, {
        index: lastGood,
      });
    } else {
      lastGood = size;
      if (claim.source !== "database") anchored = size;
    }
  }
  return anchored;
}
