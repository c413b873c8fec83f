import { readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { sha256 } from "../../core/index.ts";
import { createFolderBlobs } from "./create.ts";

const scope = { projectId: "00000000-0000-7000-8000-000000000001" };
const other = { projectId: "00000000-0000-7000-8000-000000000002" };

async function* chunks(...parts: string[]): AsyncIterable<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

describe("blobs", () => {
  test("come back as they were put, whatever the bytes", async () => {
    const blobs = createFolderBlobs({ folder: await temporaryFolder() });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
        const { hash, size } = await blobs.put(scope, bytes);
        expect(hash).toBe(sha256(bytes));
        expect(size).toBe(bytes.length);
        expect(await blobs.get(scope, hash)).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 30 },
    );
  });

  test("are named by their bytes, however they arrive, and lie in the project's folder", async () => {
    const folder = await temporaryFolder();
    const blobs = createFolderBlobs({ folder });
    const file = join(folder, "written-by-a-task");
    await writeFile(file, "hello world");
    const references = [
      await blobs.put(scope, "hello world"),
      await blobs.put(scope, chunks("hello", " ", "world")),
      await blobs.putFile(scope, file),
    ];
    const hash = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
    expect(references).toEqual(Array.from({ length: 3 }, () => ({ hash, size: 11 })));
    expect(await blobs.path(scope, hash)).toBe(join(folder, scope.projectId, "b9", hash));
    expect(await readFile(await blobs.path(scope, hash), "utf8")).toBe("hello world");
  });

  test("put twice are not written twice", async () => {
    const blobs = createFolderBlobs({ folder: await temporaryFolder() });
    const { hash } = await blobs.put(scope, "same");
    const path = await blobs.path(scope, hash);
    await utimes(path, 1, 1);
    await blobs.put(scope, "same");
    await blobs.put(scope, chunks("sa", "me"));
    expect((await stat(path)).mtimeMs).toBe(1000);
  });

  test("put at once by many end as one", async () => {
    const blobs = createFolderBlobs({ folder: await temporaryFolder() });
    await Promise.all(Array.from({ length: 20 }, () => blobs.put(scope, "race")));
    expect(await collect(blobs.list(scope))).toEqual([{ hash: sha256("race"), size: 4 }]);
  });

  test("of one project are not there for another", async () => {
    const blobs = createFolderBlobs({ folder: await temporaryFolder() });
    const { hash } = await blobs.put(scope, "secret");
    expect(await blobs.has(scope, hash)).toBe(true);
    expect(await blobs.has(other, hash)).toBe(false);
    await expect(blobs.get(other, hash)).rejects.toMatchObject({ code: "blob_not_found" });
    expect(await collect(blobs.list(other))).toEqual([]);
  });

  test("that are not there are not found, and a name that is no hash reaches no file", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "outside"), "secret");
    const blobs = createFolderBlobs({ folder });
    for (const hash of ["0".repeat(64), "", "../outside", `../${"0".repeat(61)}`, "A".repeat(64)]) {
      await expect(blobs.get(scope, hash)).rejects.toMatchObject({ code: "blob_not_found" });
      await expect(blobs.path(scope, hash)).rejects.toMatchObject({ code: "blob_not_found" });
    }
    await expect(blobs.put({ projectId: "../x" }, "a")).rejects.toMatchObject({ code: "internal" });
  });

  test("changed on disk are refused by name, and mended when their size is wrong and they are put again", async () => {
    const blobs = createFolderBlobs({ folder: await temporaryFolder() });
    const { hash } = await blobs.put(scope, "right");
    const path = await blobs.path(scope, hash);
    await writeFile(path, "wrong");
    await expect(blobs.get(scope, hash)).rejects.toMatchObject({ code: "blob_corrupt", details: { hash } });
    await expect(blobs.path(scope, hash)).rejects.toMatchObject({ code: "blob_corrupt" });
    await writeFile(path, "cut");
    await blobs.put(scope, "right");
    expect((await blobs.get(scope, hash)).toString()).toBe("right");
  });

  test("whose source fails leave nothing behind", async () => {
    const folder = await temporaryFolder();
    const blobs = createFolderBlobs({ folder });
    async function* broken(): AsyncIterable<Uint8Array> {
      yield Buffer.from("half");
      throw new Error("the sender went away");
    }
    await expect(blobs.put(scope, broken())).rejects.toThrow("went away");
    expect(await collect(blobs.list(scope))).toEqual([]);
    expect(await readdir(join(folder, scope.projectId, "incoming"))).toEqual([]);
  });

  test("are listed in order and can be removed", async () => {
    const blobs = createFolderBlobs({ folder: await temporaryFolder() });
    const references = await Promise.all(["a", "b", "c"].map((text) => blobs.put(scope, text)));
    const sorted = references.toSorted((one, two) => one.hash.localeCompare(two.hash));
    expect(await collect(blobs.list(scope))).toEqual(sorted);
    await blobs.remove(scope, sorted[0]!.hash);
    await blobs.remove(scope, sorted[0]!.hash);
    expect(await collect(blobs.list(scope))).toEqual(sorted.slice(1));
  });
});
