/** Features summed in one pass over the rows: so many histograms stay in a core's first-level cache. */
export const tileWidth = 8;
/** Bytes of one feature's histogram: 256 bins of a gradient and a hessian, both float64. */
export const histogramBytes = 256 * 16;

/**
 * Adds rows to the histograms of a tile. All arguments are byte addresses in the shared memory: the row numbers (uint32) from
 * `rows` to `rowsEnd`, the tile's bins (uint8, row after row), pairs of gradient and hessian (float32), the histograms.
 */
export type HistogramKernel = (...addresses: [rows: number, rowsEnd: number, bins: number, gradients: number, histograms: number]) => void;

/**
 * One kernel for each width of a tile, 1 to `tileWidth`; the first is of width 1. WebAssembly, because adding a gradient and a
 * hessian to a bin is there one 128-bit addition without a check of bounds: half the time of the same loop in JavaScript.
 */
export function createHistogramKernels(memory: WebAssembly.Memory): HistogramKernel[] {
  const pages = memory.buffer.byteLength / 65_536;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(writeModule(pages)), { m: { m: memory } });
  return Array.from({ length: tileWidth }, (_, index) => exports[`w${index + 1}`] as HistogramKernel);
}

const int32 = 0x7f;
const vector = 0x7b;

/** The binary format of WebAssembly (W3C Core Specification 2.0, chapter 5): types, one import, functions, exports, code. */
function writeModule(pages: number): Uint8Array<ArrayBuffer> {
  const widths = Array.from({ length: tileWidth }, (_, index) => index + 1);
  const type = [0x60, ...list([[int32], [int32], [int32], [int32], [int32]]), 0];
  const sharedMemory = [...text("m"), ...text("m"), 0x02, 3, ...unsigned(pages), ...unsigned(pages)];
  const names = widths.map((width, index) => [...text(`w${width}`), 0x00, index]);
  const bodies = widths.map((width) => {
    const locals = [
      [2, int32],
      [1, vector],
    ];
    const body = [...list(locals), ...writeBody(width), 0x0b];
    return [...unsigned(body.length), ...body];
  });
  const magic = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  const functions = widths.map(() => [0]);
  return Uint8Array.from(
    [magic, section(1, [type]), section(2, [sharedMemory]), section(3, functions), section(7, names), section(10, bodies)].flat(),
  );
}

/** Numbers of the parameters, then of the locals. */
const local = { rows: 0, rowsEnd: 1, bins: 2, gradients: 3, histograms: 4, row: 5, address: 6, gradient: 7 } as const;
const get = (name: keyof typeof local) => [0x20, local[name]];
const set = (name: keyof typeof local) => [0x21, local[name]];
const tee = (name: keyof typeof local) => [0x22, local[name]];
const constant = (value: number) => [0x41, ...signed(value)];
const add = [0x6a];
const multiply = [0x6c];
const shiftLeft = [0x74];
const leave = [0x0d, 0];

function writeBody(width: number): number[] {
  const vectorAt = (feature: number) => [4, ...unsigned(feature * histogramBytes)];
  const update = (feature: number) => [
    // address = histograms + 16 * bin
    get("histograms"),
    get("row"),
    [0x2d, 0, ...unsigned(feature)], // i32.load8_u
    constant(4),
    shiftLeft,
    add,
    tee("address"),
    get("address"),
    [0xfd, 0x00, ...vectorAt(feature)], // v128.load
    get("gradient"),
    [0xfd, ...unsigned(0xf0)], // f64x2.add
    [0xfd, 0x0b, ...vectorAt(feature)], // v128.store
  ];
  return [
    [0x02, 0x40], // block
    [get("rows"), get("rowsEnd"), [0x4f], leave].flat(), // left when rows >= rowsEnd
    [0x03, 0x40], // loop
    [get("rows"), [0x28, 2, 0], set("row")].flat(), // row = the number at rows
    [get("gradients"), get("row"), constant(3), shiftLeft, add].flat(),
    [0xfd, 0x5d, 3, 0], // v128.load64_zero: its gradient and hessian
    [0xfd, 0x5f, ...set("gradient")], // f64x2.promote_low_f32x4
    [get("bins"), get("row"), constant(width), multiply, add, set("row")].flat(),
    Array.from({ length: width }, (_, feature) => update(feature).flat()).flat(),
    [get("rows"), constant(4), add, tee("rows"), get("rowsEnd"), [0x49], leave].flat(), // again while rows < rowsEnd
    [0x0b, 0x0b],
  ].flat();
}

function section(id: number, items: readonly number[][]): number[] {
  const content = list(items);
  return [id, ...unsigned(content.length), ...content];
}

function list(items: readonly number[][]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): number[] {
  return [...unsigned(value.length), ...Buffer.from(value)];
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 0x80, ...unsigned(Math.floor(value / 128))];
}

function signed(value: number): number[] {
  return value < 64 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}
