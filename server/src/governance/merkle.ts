import { createHash } from "node:crypto";

/** 32 bytes of SHA-256. */
export type Hash = Uint8Array;

/**
 * The hashes of the complete subtrees of a tree, largest first: all that is needed to append to an RFC 6962 tree and to
 * know its root. It holds one hash per set bit of `size`, so appending costs O(log n) and nothing else is read.
 */
export interface CompactTree {
  readonly size: number;
  readonly hashes: readonly Hash[];
}

export const emptyTree: CompactTree = { size: 0, hashes: [] };

function digest(...parts: Uint8Array[]): Hash {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** RFC 6962, 2.1: SHA-256(0x00 || data). The prefix keeps a leaf from passing as an inner node. */
export function hashLeaf(data: Uint8Array): Hash {
  return digest(leafPrefix, data);
}

/** RFC 6962, 2.1: SHA-256(0x01 || left || right). */
export function hashNode(left: Hash, right: Hash): Hash {
  return digest(nodePrefix, left, right);
}

/** Appends leaf hashes in order. Answers a new tree. */
export function append(tree: CompactTree, leaves: readonly Hash[]): CompactTree {
  const hashes = [...tree.hashes];
  let size = tree.size;
  for (const leaf of leaves) {
    hashes.push(leaf);
    // Each trailing one bit of the size before is a complete subtree that the new one closes.
    for (let bits = size; bits % 2 === 1; bits = Math.floor(bits / 2)) {
      const right = hashes.pop()!;
      hashes.push(hashNode(hashes.pop()!, right));
    }
    size += 1;
  }
  return { size, hashes };
}

/** The Merkle tree hash (RFC 6962, 2.1); of the empty tree, SHA-256 of nothing. */
export function rootOf(tree: CompactTree): Hash {
  if (tree.hashes.length === 0) return digest();
  return tree.hashes.reduceRight((right, left) => hashNode(left, right));
}

/** The largest power of two smaller than `size`: where RFC 6962 splits a tree. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

function rootOfLeaves(leaves: readonly Hash[]): Hash {
  return rootOf(append(emptyTree, leaves));
}

/** The audit path of leaf `index` (RFC 6962, 2.1.1), leaf level first. */
export function inclusionProof(leaves: readonly Hash[], index: number): Hash[] {
  if (index < 0 || index >= leaves.length) throw new RangeError(`There is no leaf ${index} in a tree of ${leaves.length}.`);
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  if (index < split) return [...inclusionProof(leaves.slice(0, split), index), rootOfLeaves(leaves.slice(split))];
  return [...inclusionProof(leaves.slice(split), index - split), rootOfLeaves(leaves.slice(0, split))];
}

/** The root that a leaf and its audit path lead to (RFC 9162, 2.1.3.2); null when the path has the wrong length. */
export function rootFromInclusion(leaf: Hash, position: { index: number; size: number }, path: readonly Hash[]): Hash | null {
  let at = position.index;
  let last = position.size - 1;
  if (at < 0 || at > last) return null;
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      hash = hashNode(sibling, hash);
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = hashNode(hash, sibling);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : null;
}

/** The proof that the tree of the first `from` leaves is a prefix of this one (RFC 6962, 2.1.2). */
export function consistencyProof(leaves: readonly Hash[], from: number): Hash[] {
  if (from < 1 || from > leaves.length) throw new RangeError(`${from} is not a size of a tree of ${leaves.length}.`);
  return subproof(leaves, from, true);
}

function subproof(leaves: readonly Hash[], from: number, whole: boolean): Hash[] {
  if (from === leaves.length) return whole ? [] : [rootOfLeaves(leaves)];
  const split = splitOf(leaves.length);
  if (from <= split) return [...subproof(leaves.slice(0, split), from, whole), rootOfLeaves(leaves.slice(split))];
  return [...subproof(leaves.slice(split), from - split, false), rootOfLeaves(leaves.slice(0, split))];
}

/** True when `proof` shows that the tree `from` is a prefix of the tree `to` (RFC 9162, 2.1.4.2). */
export function isConsistent(from: { size: number; root: Hash }, to: { size: number; root: Hash }, proof: readonly Hash[]): boolean {
  if (from.size < 1 || from.size > to.size) return false;
  if (from.size === to.size) return proof.length === 0 && sameHash(from.root, to.root);
  const powerOfTwo = splitOf(from.size + 1) === from.size;
  const path = powerOfTwo ? [from.root, ...proof] : [...proof];
  if (path.length === 0) return false;
  let at = from.size - 1;
  let last = to.size - 1;
  while (at % 2 === 1) {
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  let oldRoot = path[0]!;
  let newRoot = path[0]!;
  for (const hash of path.slice(1)) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      oldRoot = hashNode(hash, oldRoot);
      newRoot = hashNode(hash, newRoot);
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else {
      newRoot = hashNode(newRoot, hash);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && sameHash(oldRoot, from.root) && sameHash(newRoot, to.root);
}

export function sameHash(one: Hash, other: Hash): boolean {
  return Buffer.compare(one, other) === 0;
}

export function toHex(hash: Hash): string {
  return Buffer.from(hash).toString("hex");
}

export function fromHex(text: string): Hash {
  return Buffer.from(text, "hex");
}
