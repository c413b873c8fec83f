import { readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inject } from "vitest";
import { createId, sha256 } from "../src/core/index.ts";
import { type Mail, readMails } from "../src/demo/mail.ts";

/**
 * The corpus as `readMails` gives it: parsing 6,046 messages takes seconds, so that it is done once and kept beside the templates,
 * under a name that changes with what reads it.
 */
export async function readKeptMails(): Promise<Mail[]> {
  const reader = await readFile(new URL("../src/demo/mail.ts", import.meta.url), "utf8");
  // It names the versions of the corpus and of the parsers.
  const dependencies = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  const path = join(dirname(inject("templateFolder")), `mails-${sha256(JSON.stringify([reader, dependencies])).slice(0, 16)}.json`);
  const kept = await readFile(path, "utf8").catch(() => undefined);
  if (kept !== undefined) return JSON.parse(kept) as Mail[];
  const mails = await readMails(() => {});
  const making = `${path}.${createId()}`;
  await writeFile(making, JSON.stringify(mails));
  await rename(making, path);
  return mails;
}
