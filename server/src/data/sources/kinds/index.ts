import type { SourceConfig, SourceOf } from "../config.ts";
import type { SourceKind } from "../types.ts";
import { command } from "./command.ts";
import { files } from "./files.ts";
import { http } from "./http.ts";
import { postgres } from "./postgres.ts";
import { push } from "./push.ts";
import { s3 } from "./s3.ts";

/** Every kind of source. */
export const kinds: { [K in SourceConfig["kind"]]: SourceKind<SourceOf<K>> } = {
  file: files,
  folder: files,
  http,
  s3,
  postgres,
  command,
  push,
};

/** The member of the table for one source. */
export function kindOf(source: SourceConfig): SourceKind {
  return kinds[source.kind];
}
