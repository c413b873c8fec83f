/** Names whose blobs are meant: blobs of one project are invisible to another. */
export interface BlobScope {
  readonly projectId: string;
}

export interface BlobReference {
  /** SHA-256 of the bytes, lower-case hex: the blob's name. */
  readonly hash: string;
  readonly size: number;
}

export type BlobSource = string | Uint8Array | AsyncIterable<Uint8Array>;

/** Content-addressed, immutable bytes. A folder now; S3 behind the same interface later. */
export interface BlobStore {
  /** Durable when it resolves. The same bytes again are a no-op. */
  put(scope: BlobScope, source: BlobSource): Promise<BlobReference>;
  /** The bytes of a file, for example one that a task wrote. */
  putFile(scope: BlobScope, file: string): Promise<BlobReference>;
  /** The bytes, checked against the hash: `blob_not_found`, `blob_corrupt`. */
  get(scope: BlobScope, hash: string): Promise<Buffer>;
  /** A local file with these bytes, checked against the hash, for programs that want a path (DuckDB, ONNX). Never write to it. */
  path(scope: BlobScope, hash: string): Promise<string>;
  has(scope: BlobScope, hash: string): Promise<boolean>;
  list(scope: BlobScope): AsyncIterable<BlobReference>;
  remove(scope: BlobScope, hash: string): Promise<void>;
}
