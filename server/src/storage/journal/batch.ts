import { isClosed, isOpened, type RecordCounter } from "./count-records.ts";
import { frameHeaderBytes, payloadPrefix, sealFrame } from "./frame.ts";

const initialBytes = 256 * 1024;
const keptBytes = 4 * 1024 * 1024;

/** Frames that go to disk in one write. All their appends wait for one promise. */
export class Batch {
  bytes = Buffer.allocUnsafeSlow(initialBytes);
  length = 0;
  /** Frames. */
  records = 0;
  /** Records that begin here; an `opened` and its `closed` count once. */
  begun = 0;
  done = Promise.withResolvers<void>();
  readonly #phases: { type: string; id: string; counted: 0 | 1 }[] = [];

  /** Puts a frame in place. `fields` is the text of a JSON object. */
  add(type: string, id: string, fields: string, counter: RecordCounter): void {
    const prefix = payloadPrefix(type, id);
    // UTF-16 code units take at most three bytes in UTF-8.
    this.#reserve(frameHeaderBytes + prefix.length + fields.length * 3 + 1);
    const { bytes } = this;
    const start = this.length;
    let end = start + frameHeaderBytes;
    end += bytes.write(prefix, end, "latin1");
    if (fields.length > 2) {
      const length = bytes.write(fields, end, "utf8");
      bytes[end] = 0x2c; // A comma takes the place of the object's opening brace.
      end += length;
    } else {
      bytes[end] = 0x7d;
      end += 1;
    }
    sealFrame(bytes, start, end);
    this.length = end;
    this.records += 1;
    const counted = counter.count(type, id);
    this.begun += counted;
    if (isOpened(type) || isClosed(type)) this.#phases.push({ type, id, counted });
  }

  /** Takes back what the counter learned, newest first. */
  undo(counter: RecordCounter): void {
    for (const { type, id, counted } of this.#phases.toReversed()) counter.undo(type, id, counted);
  }

  reset(): void {
    this.length = 0;
    this.records = 0;
    this.begun = 0;
    this.#phases.length = 0;
    this.done = Promise.withResolvers<void>();
    if (this.bytes.length > keptBytes) this.bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  #reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + more));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
