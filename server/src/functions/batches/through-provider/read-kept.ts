import type { Context } from "../../../core/index.ts";
import type { BlobStore } from "../../../storage/index.ts";

/** The values of a blob of JSON lines that we wrote ourselves. */
export async function readKept<T>(context: Context, hash: string, blobs: Pick<BlobStore, "get">): Promise<T[]> {
  const text = (await blobs.get(context, hash)).toString("utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}
