import { join } from "node:path";
import { AppError, isAppError, isSecret } from "../../../core/index.ts";
import type { SourceOf } from "../config.ts";
import type { Gathered, GatherInput, Part, Refused, SourceKind } from "../types.ts";
import { askSource, saveBody, tellFailure } from "./ask-source.ts";
import { describeFiles, type FoundFile, mostFiles, pickFiles } from "./pick-files.ts";
import { encodeStrictly, signGet, type SigningKey } from "./sign-request.ts";

type S3Source = SourceOf<"s3">;

const longestListBytes = 16 * 1024 * 1024;

/** The objects of a bucket, of S3 or of a store that speaks its protocol: each version of each is read once. */
export const s3: SourceKind<S3Source> = {
  async gather(input: GatherInput<S3Source>): Promise<Gathered> {
    const { picked, ...rest } = pickFiles(await list(input), input);
    const parts: Part[] = [];
    const refused: Refused[] = [...rest.refused];
    for (const [index, { name, format }] of picked.entries()) {
      const path = join(input.folder, `object-${index}`);
      try {
        await fetchObject(input, name, path);
        parts.push({ name, path, format });
      } catch (error) {
        // One object nobody may read does not stop the others; it is asked for again.
        if (!isAppError(error, "source_unreadable")) throw error;
        refused.push({ name, reason: error.message });
      }
    }
    return { ...rest, refused, parts };
  },

  describe: describeFiles,
};

async function list(input: GatherInput<S3Source>): Promise<FoundFile[]> {
  const { source } = input;
  const found: FoundFile[] = [];
  let token: string | undefined;
  do {
    const query = { "list-type": "2", "encoding-type": "url", prefix: source.prefix, "continuation-token": token };
    const response = await ask({ ...input, maxBytes: longestListBytes }, "", query);
    const page = readList(await tellFailure(source, () => response.text()));
    found.push(...page.files.filter(({ name }) => !name.endsWith("/")));
    if (found.length > mostFiles)
      throw new AppError(
        "source_unreadable",
        `The source ${source.name}: more than ${mostFiles} objects begin with "${source.prefix}"; narrow the \`prefix\`.`,
      );
    if (page.next === token && token !== undefined)
      throw new AppError("source_unreadable", `The source ${source.name}: the store answers the same page of its list again.`);
    token = page.next;
  } while (token !== undefined);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function fetchObject(input: GatherInput<S3Source>, key: string, path: string): Promise<void> {
  // An address swallows such parts, so another object would come.
  if (key.split("/").some((part) => part === "." || part === ".."))
    throw new AppError(
      "source_unreadable",
      `The source ${input.source.name}: "${key}" has a part that is . or .., which no address can hold.`,
    );
  const response = await ask(input, `/${key.split("/").map(encodeStrictly).join("/")}`, {});
  await saveBody(input.source, { response, path });
}

async function ask(input: GatherInput<S3Source>, path: string, query: Readonly<Record<string, string | undefined>>) {
  const { source } = input;
  const parts = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : `${encodeStrictly(name)}=${encodeStrictly(value)}`,
  );
  const url = new URL(`${source.url.replace(/\/$/, "")}${path}${parts.length === 0 ? "" : `?${parts.join("&")}`}`);
  const key = keyOf(source);
  return askSource(input, url, key === undefined ? {} : signGet(url, { key, region: source.region, now: input.clock.now() }));
}

/** Undefined for a bucket everybody may read. */
function keyOf({ key }: S3Source): SigningKey | undefined {
  if (key === undefined) return undefined;
  return { id: isSecret(key.id) ? key.id.reveal() : key.id, secret: key.secret.reveal(), sessionToken: key.sessionToken?.reveal() };
}

/** ListObjectsV2 with `encoding-type=url`: between tags stand no characters XML would escape but those of an ETag's quotes. */
function readList(xml: string): { files: FoundFile[]; next: string | undefined } {
  const files = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, entry]) => ({
    name: decodeURIComponent(textOf(entry!, "Key").replaceAll("+", "%20")),
    version: `${textOf(entry!, "Size")}-${textOf(entry!, "ETag")}`,
    bytes: Number(textOf(entry!, "Size")),
  }));
  const isTruncated = textOf(xml, "IsTruncated") === "true";
  return { files, next: isTruncated ? textOf(xml, "NextContinuationToken") : undefined };
}

function textOf(xml: string, tag: string): string {
  const text = new RegExp(`<${tag}>(.*?)</${tag}>`, "s").exec(xml)?.[1] ?? "";
  return text.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&#34;", '"').replaceAll("&amp;", "&");
}
