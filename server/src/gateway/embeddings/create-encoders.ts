import type { ImportedEncoderConfig } from "./imported/config.ts";
import { createImportedEncoder } from "./imported/create-imported.ts";
import type { Encoder } from "./types.ts";
import { createEncoder } from "./use-lite/create-encoder.ts";

export interface EncodersDeps {
  /** For what is made once from files of a package. */
  readonly cacheFolder: string | undefined;
  readonly imported: Readonly<Record<string, ImportedEncoderConfig>>;
}

/** All that makes sentence embeddings on this machine, by name. `config_invalid` where a file that is named is not there. */
export function createEncoders({ cacheFolder, imported }: EncodersDeps): Encoder {
  const ours = createEncoder({ cacheFolder });
  const theirs = new Map(Object.entries(imported).map(([model, config]) => [model, createImportedEncoder(model, config)]));
  return {
    encode: (model, texts, signal) => theirs.get(model)?.encode(texts, signal) ?? ours.encode(model, texts, signal),
    async close() {
      for (const each of theirs.values()) each.close();
      await ours.close();
    },
  };
}
