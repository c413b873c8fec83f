import { AppError } from "../core/index.ts";
import type { DatasetReference } from "./types.ts";

const pattern = /^([a-z0-9][a-z0-9-]{0,63})(?:@([1-9]\d{0,8}))?$/;

/** `mail@1` as its parts; without a version it means the latest. `invalid_request` when it is neither. */
export function parseReference(text: string): { readonly name: string; readonly version: number | null } {
  const match = pattern.exec(text);
  if (match === null)
    throw new AppError("invalid_request", `"${text.slice(0, 100)}" is no dataset: write a name, or name@version, for example mail@1.`);
  return { name: match[1]!, version: match[2] === undefined ? null : Number(match[2]) };
}

export function formatReference({ name, version }: DatasetReference): string {
  return `${name}@${version}`;
}
