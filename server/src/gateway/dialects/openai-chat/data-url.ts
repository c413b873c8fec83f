import type { MediaSource } from "../../types.ts";

/** The source a base64 data URL holds; undefined for any other text. No pattern over the data: it may be megabytes. */
export function readDataUrl(url: string): (MediaSource & { kind: "data" }) | undefined {
  if (!/^data:/i.test(url)) return undefined;
  const comma = url.indexOf(",");
  if (comma === -1) return undefined;
  const head = url.slice("data:".length, comma);
  if (!head.toLowerCase().endsWith(";base64")) return undefined;
  return { kind: "data", mediaType: head.slice(0, -";base64".length) || "text/plain", data: url.slice(comma + 1) };
}

export function writeDataUrl(source: MediaSource & { kind: "data" }): string {
  return `data:${source.mediaType};base64,${source.data}`;
}
