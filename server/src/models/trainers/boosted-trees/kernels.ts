import {
  type WasmFunction,
  add,
  code,
  constant,
  float32,
  floatEquals,
  floatIsBelow,
  int32,
  load,
  loadByte,
  loadFloat,
  locals,
  loop,
  multiply,
  shiftLeft,
  shiftRight,
  store,
  storeByte,
  subtract,
  unsigned,
  vector,
  writeModule,
} from "./web-assembly.ts";

/** Features summed in one pass over the rows: so many histograms stay in a core's first-level cache. */
export const tileWidth = 8;
/** Bytes of one feature's histogram: 256 bins of a gradient and a hessian, both float64. */
export const histogramBytes = 256 * 16;

/** Inner loops over the shared memory. Arguments are byte addresses, but for strides. */
export interface Kernels {
  /**
   * One for each width of a tile, 1 to `tileWidth`; the first is of width 1. Adds rows to the histograms of a tile: the row numbers (uint32)
   * from `rows` to `rowsEnd`, the tile's bins (uint8, row after row), pairs of gradient and hessian (float32).
   */
  readonly histograms: readonly ((
    ...places: [rows: number, rowsEnd: number, bins: number, gradients: number, histograms: number]
  ) => void)[];
  /**
   * Writes the bin of each number (float32) from `values` to `valuesEnd`: 0 for NaN, else 1 + how many of the 255 edges (ascending float32, filled
   * up with infinity) lie below it. The bytes written are `stride` apart.
   */
  readonly bin: (...places: [values: number, valuesEnd: number, edges: number, out: number, stride: number]) => void;
  /**
   * Moves the rows whose bin has a 1 in `table` (256 bytes) to the front of their range, writes the others to `right`, both in order. `bins` is
   * the feature's bin of row 0, `stride` apart. Answers the address behind the last row kept. There is no branch: which way a row goes is anybody's
   * guess, and a wrong guess of the processor costs more than a write.
   */
  readonly partition: (...places: [rows: number, rowsEnd: number, bins: number, stride: number, table: number, right: number]) => number;
}

/**
 * WebAssembly, because adding a gradient and a hessian to a bin is there one 128-bit addition without a check of bounds (half the time of the
 * same loop in JavaScript), and a comparison is a number there, not a branch.
 */
export function createKernels(memory: WebAssembly.Memory): Kernels {
  const pages = memory.buffer.byteLength / 65_536;
  const module = new WebAssembly.Module(writeModule(functions, pages));
  const { exports } = new WebAssembly.Instance(module, { m: { m: memory } });
  return {
    histograms: Array.from({ length: tileWidth }, (_, index) => exports[`w${index + 1}`] as Kernels["histograms"][number]),
    bin: exports["bin"] as Kernels["bin"],
    partition: exports["partition"] as Kernels["partition"],
  };
}

const functions: readonly WasmFunction[] = [
  ...Array.from({ length: tileWidth }, (_, index): WasmFunction => {
    const body = histogramBody(index + 1);
    return {
      name: `w${index + 1}`,
      parameters: 5,
      answers: false,
      locals: [
        [2, int32],
        [1, vector],
      ],
      body,
    };
  }),
  {
    name: "bin",
    parameters: 5,
    answers: false,
    locals: [
      [1, int32],
      [1, float32],
    ],
    body: binBody(),
  },
  { name: "partition", parameters: 6, answers: true, locals: [[3, int32]], body: partitionBody() },
];

function histogramBody(width: number): number[] {
  const { get, set, tee } = locals("rows", "rowsEnd", "bins", "gradients", "histograms", "row", "address", "gradient");
  const vectorAt = (feature: number) => [4, ...unsigned(feature * histogramBytes)];
  const update = (feature: number) => [
    // address = histograms + 16 * bin
    code(get("histograms"), get("row"), loadByte(feature), constant(4), shiftLeft, add, tee("address")),
    get("address"),
    [0xfd, 0x00, ...vectorAt(feature)], // v128.load
    get("gradient"),
    [0xfd, ...unsigned(0xf0)], // f64x2.add
    [0xfd, 0x0b, ...vectorAt(feature)], // v128.store
  ];
  return loop(get("rows"), get("rowsEnd"), {
    body: [
      code(get("rows"), load, set("row")),
      code(get("gradients"), get("row"), constant(3), shiftLeft, add),
      [0xfd, 0x5d, 3, 0], // v128.load64_zero: its gradient and hessian
      [0xfd, 0x5f, ...set("gradient")], // f64x2.promote_low_f32x4
      code(get("bins"), get("row"), constant(width), multiply, add, set("row")),
      ...Array.from({ length: width }, (_, feature) => update(feature)).flat(),
    ],
    next: [get("rows"), constant(4), add, tee("rows")],
  });
}

function binBody(): number[] {
  const { get, set, tee } = locals("values", "valuesEnd", "edges", "out", "stride", "at", "value");
  /** at += 4 * 2^power when the edge there is below the value: a search by halves. */
  const halve = (power: number) => [
    get("at"),
    code(get("at"), loadFloat(4 * (2 ** power - 1)), get("value"), floatIsBelow, constant(power + 2), shiftLeft),
    code(add, set("at")),
  ];
  return loop(get("values"), get("valuesEnd"), {
    body: [
      code(get("values"), loadFloat(), set("value"), get("edges"), set("at")),
      ...Array.from({ length: 8 }, (_, step) => halve(7 - step)).flat(),
      code(get("out"), get("at"), get("edges"), subtract, constant(2), shiftRight, constant(1), add),
      code(get("value"), get("value"), floatEquals, multiply, storeByte),
      code(get("out"), get("stride"), add, set("out")),
    ],
    next: [get("values"), constant(4), add, tee("values")],
  });
}

function partitionBody(): number[] {
  const { get, set, tee } = locals("rows", "rowsEnd", "bins", "stride", "table", "right", "left", "row", "step");
  const move = loop(get("rows"), get("rowsEnd"), {
    body: [
      code(get("rows"), load, set("row")),
      code(get("left"), get("row"), store, get("right"), get("row"), store),
      // step = 4 when the row goes left
      code(get("table"), get("bins"), get("row"), get("stride"), multiply, add, loadByte(), add, loadByte()),
      code(constant(2), shiftLeft, set("step")),
      code(get("left"), get("step"), add, set("left")),
      code(get("right"), constant(4), add, get("step"), subtract, set("right")),
    ],
    next: [get("rows"), constant(4), add, tee("rows")],
  });
  return code(get("rows"), set("left"), move, get("left"));
}
