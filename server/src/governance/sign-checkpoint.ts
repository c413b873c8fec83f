import { type KeyObject, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve, sep } from "node:path";
import { AppError, createSecretText, readEnvironment } from "../core/index.ts";
import type { Checkpoint } from "./types.ts";

const variable = "MILLRACE_AUDIT_KEY";
/** What stands before the 32 bytes of an Ed25519 seed in PKCS#8 (RFC 8410, 7). */
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");
/** What stands before the 32 bytes of an Ed25519 public key in SPKI (RFC 8410, 4). */
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

export interface Signer {
  /** Base64 of the 32 bytes of the Ed25519 public key. */
  readonly publicKey: string;
  /** Where the private key came from, for people; never the key. */
  readonly source: string;
  sign(projectId: string, head: CheckpointHead): Checkpoint;
}

export interface CheckpointHead {
  readonly size: number;
  readonly rootHash: string;
  readonly at: string;
}

/** What a signature covers. The project is in it, so one project's checkpoint proves nothing about another's log. */
function signedText(projectId: string, head: CheckpointHead): Buffer {
  return Buffer.from(`millrace audit checkpoint 1\n${projectId}\n${head.size}\n${head.rootHash}\n${head.at}\n`);
}

/** True when the signature fits the checkpoint's own public key. Whether that key is trusted is for the caller to ask. */
export function isSigned(projectId: string, checkpoint: Checkpoint): boolean {
  try {
    const der = Buffer.concat([spkiPrefix, Buffer.from(checkpoint.publicKey, "base64")]);
    const publicKey = createPublicKey({ key: der, format: "der", type: "spki" });
    return verify(null, signedText(projectId, checkpoint), publicKey, Buffer.from(checkpoint.signature, "base64"));
  } catch {
    // A public key that is none cannot have signed anything.
    return false;
  }
}

/** The signing key from `MILLRACE_AUDIT_KEY` (32-byte seed as base64 or hex, or a PEM), else from the key file, made on first use. */
export function openSigner(dataFolder: string, keyFile = `${resolve(dataFolder)}.audit-key`): Signer {
  const fromEnvironment = readEnvironment(variable);
  if (fromEnvironment !== undefined && fromEnvironment !== "")
    return signerOf(parsePrivateKey(fromEnvironment, `the variable ${variable}`), variable);
  const path = resolve(keyFile);
  if (path.startsWith(resolve(dataFolder) + sep)) {
    throw new AppError(
      "config_invalid",
      `The audit key file ${path} is inside the data folder; whoever can rewrite the log would find the key beside it. Name a file outside it in governance.audit.keyFile.`,
      {
        details: { path: "governance.audit.keyFile" },
      },
    );
  }
  if (!existsSync(path)) createKeyFile(path);
  return signerOf(parsePrivateKey(readFileSync(path, "utf8"), path), path);
}

function signerOf(privateKey: KeyObject, source: string): Signer {
  const publicKey = createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(spkiPrefix.length).toString("base64");
  return {
    publicKey,
    source,
    sign: (projectId, head) => ({ ...head, signature: sign(null, signedText(projectId, head), privateKey).toString("base64"), publicKey }),
  };
}

function parsePrivateKey(text: string, where: string): KeyObject {
  const trimmed = text.trim();
  try {
    if (trimmed.startsWith("-----BEGIN")) {
      const key = createPrivateKey(trimmed);
      if (key.asymmetricKeyType === "ed25519") return key;
    } else {
      const seed = Buffer.from(trimmed, /^[0-9a-fA-F]{64}$/.test(trimmed) ? "hex" : "base64");
      if (seed.length === 32) return createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: "der", type: "pkcs8" });
    }
  } catch (cause) {
    throw new AppError("config_invalid", `The audit key in ${where} cannot be read. It must be an Ed25519 private key.`, { cause });
  }
  throw new AppError("config_invalid", `The audit key in ${where} is not an Ed25519 private key: 32 bytes as base64 or hex, or a PEM.`);
}

function createKeyFile(path: string): void {
  const { privateKey } = generateKeyPairSync("ed25519");
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${createSecretText(6)}`;
  writeFileSync(temporary, privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600, flag: "wx" });
  try {
    // A link fails when the file exists: of two processes that start at once, one key wins and both use it.
    linkSync(temporary, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}
