/** What a caller says about kept answers. */
export interface CacheControl {
  /** Neither from what is kept, nor to be kept, nor with others. */
  readonly isOff: boolean;
  /** The oldest answer he takes, in milliseconds; 0: a new one. Null: as old as the configuration allows. */
  readonly maxAgeMs: number | null;
}

export function readCacheControl(header: string | undefined): CacheControl {
  const said = (header ?? "")
    .toLowerCase()
    .split(",")
    .map((each) => each.trim());
  const maxAge = said.map((each) => /^max-age=(\d{1,10})$/.exec(each)?.[1]).find((each) => each !== undefined);
  return {
    isOff: said.includes("no-store"),
    maxAgeMs: said.includes("no-cache") ? 0 : maxAge === undefined ? null : Number(maxAge) * 1000,
  };
}
