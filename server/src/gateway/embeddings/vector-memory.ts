import { createHash } from "node:crypto";
import type { EmbeddingInput } from "./types.ts";

/** Whose vectors, of which model, in which form. */
export interface VectorScope {
  /** A caller must not learn from an answer's price or time what another project asked. */
  readonly projectId: string;
  /** `<provider>/<model>` */
  readonly target: string;
  readonly dimensions: number | undefined;
  /** Fields the provider alone knows: they may change the vector. */
  readonly foreign: Readonly<Record<string, unknown>>;
}

/** Vectors by the hash of what they were made of, the least recently used first to go. */
export interface VectorMemory {
  find(scope: VectorScope, input: EmbeddingInput): Float32Array | undefined;
  keep(scope: VectorScope, input: EmbeddingInput, vector: Float32Array): void;
  readonly bytes: number;
}

/** About what an entry takes beside its vector: the key, the map's slot, the typed array itself. */
const entryBytes = 250;

export function createVectorMemory(maxBytes: number): VectorMemory {
  const vectors = new Map<string, Float32Array>();
  let bytes = 0;

  return {
    find(scope, input) {
      if (maxBytes === 0) return undefined;
      const key = keyOf(scope, input);
      const vector = vectors.get(key);
      if (vector === undefined) return undefined;
      vectors.delete(key);
      vectors.set(key, vector);
      return vector;
    },
    keep(scope, input, vector) {
      const size = vector.byteLength + entryBytes;
      if (size > maxBytes) return;
      const key = keyOf(scope, input);
      const before = vectors.get(key);
      if (before !== undefined) bytes -= before.byteLength + entryBytes;
      vectors.delete(key);
      // Of its own: a view would hold the whole buffer that it is a part of.
      vectors.set(key, vector.byteLength === vector.buffer.byteLength ? vector : vector.slice());
      bytes += size;
      for (const [oldest, old] of vectors) {
        if (bytes <= maxBytes) break;
        vectors.delete(oldest);
        bytes -= old.byteLength + entryBytes;
      }
    },
    get bytes() {
      return bytes;
    },
  };
}

/** The parts are told apart by JSON: no text can look like another part. */
function keyOf({ projectId, target, dimensions, foreign }: VectorScope, input: EmbeddingInput): string {
  return createHash("sha256")
    .update(JSON.stringify([projectId, target, dimensions ?? null, foreign, input]))
    .digest("base64");
}
