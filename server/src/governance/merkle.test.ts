import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  append,
  consistencyProof,
  emptyTree,
  fromHex,
  hashLeaf,
  inclusionProof,
  isConsistent,
  rootFromInclusion,
  rootOf,
  toHex,
} from "./merkle.ts";

const goldenPath = new URL("../../../../shared/golden/metrics_golden.json", import.meta.url);

interface Golden {
  leaves_hex: string[];
  roots: Record<string, string>;
  inclusion: { index: number; size: number; path: string[] }[];
  consistency: { from: number; to: number; proof: string[] }[];
}

function leavesOf(count: number) {
  return Array.from({ length: count }, (_, index) => hashLeaf(Buffer.from(`leaf ${index}`)));
}

function rootOfSize(leaves: ReturnType<typeof leavesOf>, size = leaves.length) {
  return rootOf(append(emptyTree, leaves.slice(0, size)));
}

describe("the RFC 6962 tree", () => {
  test.skipIf(!existsSync(goldenPath))("gives the roots and proofs of the reference vectors", () => {
    const golden = (JSON.parse(readFileSync(goldenPath, "utf8")) as { merkle_rfc6962: Golden }).merkle_rfc6962;
    const leaves = golden.leaves_hex.map((leaf) => hashLeaf(fromHex(leaf)));
    for (const [size, root] of Object.entries(golden.roots)) expect(toHex(rootOfSize(leaves, Number(size)))).toBe(root);
    for (const { index, size, path } of golden.inclusion) {
      expect(inclusionProof(leaves.slice(0, size), index).map(toHex)).toEqual(path);
    }
    for (const { from, to, proof } of golden.consistency) {
      expect(consistencyProof(leaves.slice(0, to), from).map(toHex)).toEqual(proof);
    }
    expect(golden.inclusion.length + golden.consistency.length).toBeGreaterThan(5);
  });

  test("hashes nothing and one leaf as the RFC says", () => {
    expect(toHex(rootOf(emptyTree))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(toHex(hashLeaf(new Uint8Array()))).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  });

  test("has the same root whatever the sizes of the appends, and keeps one hash per set bit", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 12 }), (batches) => {
        const leaves = leavesOf(batches.reduce((sum, batch) => sum + batch, 0));
        let tree = emptyTree;
        for (const batch of batches) tree = append(tree, leaves.slice(tree.size, tree.size + batch));
        expect(toHex(rootOf(tree))).toBe(toHex(rootOfSize(leaves)));
        expect(tree.hashes.length).toBe(tree.size.toString(2).replaceAll("0", "").length);
      }),
    );
  });

  test("proves every leaf, and no other leaf with the same path", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), (size, pick) => {
        const leaves = leavesOf(size);
        const index = pick % size;
        const path = inclusionProof(leaves, index);
        expect(rootFromInclusion(leaves[index]!, { index, size }, path)).toEqual(rootOfSize(leaves));
        expect(rootFromInclusion(hashLeaf(Buffer.from("forged")), { index, size }, path)).not.toEqual(rootOfSize(leaves));
        expect(rootFromInclusion(leaves[index]!, { index, size }, [...path, leaves[0]!])).toBeNull();
      }),
    );
  });

  test("proves every prefix, and refuses a tree whose past was changed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), (to, pick, damage) => {
        const leaves = leavesOf(to);
        const from = (pick % to) + 1;
        const proof = consistencyProof(leaves, from);
        const old = { size: from, root: rootOfSize(leaves, from) };
        expect(isConsistent(old, { size: to, root: rootOfSize(leaves) }, proof)).toBe(true);
        const changed = leaves.with(damage % from, hashLeaf(Buffer.from("forged")));
        expect(isConsistent(old, { size: to, root: rootOfSize(changed) }, consistencyProof(changed, from))).toBe(false);
        expect(isConsistent(old, { size: to, root: rootOfSize(leaves) }, [...proof, leaves[0]!])).toBe(false);
      }),
    );
  });
});
