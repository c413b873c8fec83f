/**
 * Counts frames as records: `x.opened` and `x.closed` of one id are one record. The same rule counts on writing, at
 * recovery and in the drain, which is what lets their sums be compared.
 */
export interface RecordCounter {
  /** 1 when this frame begins a record, 0 when it completes one. */
  count(type: string, id: string): 0 | 1;
  /** Takes back a `count` whose frame was not written. */
  undo(type: string, id: string, counted: 0 | 1): void;
  readonly open: ReadonlySet<string>;
}

export function isOpened(type: string): boolean {
  return type.endsWith(".opened");
}

export function isClosed(type: string): boolean {
  return type.endsWith(".closed");
}

/** The name of the sink: the type without its phase. */
export function sinkName(type: string): string {
  return isOpened(type) || isClosed(type) ? type.slice(0, -7) : type;
}

export function createRecordCounter(alreadyOpen: Iterable<string> = []): RecordCounter {
  const open = new Set(alreadyOpen);
  function count(type: string, id: string): 0 | 1 {
    if (isOpened(type)) {
      if (open.has(id)) return 0;
      open.add(id);
      return 1;
    }
    return open.size > 0 && isClosed(type) && open.delete(id) ? 0 : 1;
  }
  function undo(type: string, id: string, counted: 0 | 1): void {
    if (isOpened(type) && counted === 1) open.delete(id);
    else if (isClosed(type) && counted === 0) open.add(id);
  }
  return { count, undo, open };
}
