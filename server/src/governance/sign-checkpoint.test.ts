import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isSigned, openSigner } from "./sign-checkpoint.ts";

const projectId = "00000000-0000-7000-8000-000000000001";
const head = { size: 3, rootHash: "ab".repeat(32), at: "2026-11-21T10:58:03.120Z" };
let folder: string;
let data: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-sign-"));
  data = join(folder, "data");
  mkdirSync(data);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe("the audit key", () => {
  test("is made once, beside the data folder and never in it, for its owner only", () => {
    const first = openSigner(data);
    expect(first.source).toBe(join(folder, "data.audit-key"));
    expect(statSync(first.source).mode & 0o777).toBe(0o600);
    expect(existsSync(join(data, "data.audit-key"))).toBe(false);
    expect(openSigner(data).publicKey).toBe(first.publicKey);
  });

  test("is refused inside the data folder", () => {
    expect(() => openSigner(data, join(data, "audit.key"))).toThrow(expect.objectContaining({ code: "config_invalid" }));
  });

  test("comes from MILLRACE_AUDIT_KEY as hex, base64 or PEM, and then no file is written", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const seed = privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32);
    const publicKeys = [seed.toString("hex"), seed.toString("base64"), String(privateKey.export({ format: "pem", type: "pkcs8" }))].map(
      (text) => {
        vi.stubEnv("MILLRACE_AUDIT_KEY", text);
        return openSigner(data).publicKey;
      },
    );
    expect(new Set(publicKeys).size).toBe(1);
    expect(existsSync(join(folder, "data.audit-key"))).toBe(false);
  });

  test("that is no Ed25519 key is refused, and the message does not repeat it", () => {
    const rsa = String(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({ format: "pem", type: "pkcs8" }));
    for (const text of ["short", "zz".repeat(32), rsa]) {
      vi.stubEnv("MILLRACE_AUDIT_KEY", text);
      expect(() => openSigner(data)).toThrow(
        expect.objectContaining({ code: "config_invalid", message: expect.not.stringContaining(text) as unknown }),
      );
    }
    vi.unstubAllEnvs();
    writeFileSync(join(folder, "data.audit-key"), "garbage");
    expect(() => openSigner(data)).toThrow(expect.objectContaining({ code: "config_invalid" }));
    expect(readFileSync(join(folder, "data.audit-key"), "utf8")).toBe("garbage");
  });
});

describe("a signed checkpoint", () => {
  test("proves its own size, root and time for its own project, and nothing else", () => {
    const checkpoint = openSigner(data).sign(projectId, head);
    expect(isSigned(projectId, checkpoint)).toBe(true);
    expect(isSigned("00000000-0000-7000-8000-000000000002", checkpoint)).toBe(false);
    for (const change of [
      { size: 4 },
      { rootHash: "cd".repeat(32) },
      { at: "2026-11-21T10:58:03.121Z" },
      { signature: "" },
      { publicKey: "" },
      { publicKey: openSigner(join(folder, "other")).publicKey },
    ]) {
      expect(isSigned(projectId, { ...checkpoint, ...change })).toBe(false);
    }
  });
});
