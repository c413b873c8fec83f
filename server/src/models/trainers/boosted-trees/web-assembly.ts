/** Value types. */
export const int32 = 0x7f;
export const float32 = 0x7d;
export const vector = 0x7b;

export interface WasmFunction {
  readonly name: string;
  /** All parameters are int32. */
  readonly parameters: number;
  readonly answers: boolean;
  /** Behind the parameters: how many of which type. */
  readonly locals: readonly (readonly [count: number, type: number])[];
  readonly body: number[];
}

/**
 * A WebAssembly module (W3C Core Specification 2.0, chapter 5) of functions over one imported memory, `m.m`, shared, of so many pages.
 */
export function writeModule(functions: readonly WasmFunction[], pages: number): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters, answers }) => {
    const taken = list(Array.from({ length: parameters }, () => [int32]));
    return [0x60, ...taken, ...(answers ? [1, int32] : [0])];
  });
  const sharedMemory = [...text("m"), ...text("m"), 0x02, 3, ...unsigned(pages), ...unsigned(pages)];
  const numbers = functions.map((_, index) => unsigned(index));
  const names = functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]);
  const bodies = functions.map(({ locals: own, body }) => {
    const whole = [...list(own.map(([count, type]) => [count, type])), ...body, 0x0b];
    return [...unsigned(whole.length), ...whole];
  });
  const magic = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  const sections = [section(1, types), section(2, [sharedMemory]), section(3, numbers), section(7, names), section(10, bodies)];
  return Uint8Array.from([magic, ...sections].flat());
}

/** Reading and writing local variables by the names that a function gives them, in order. */
export function locals<Name extends string>(...names: Name[]) {
  const number = (name: Name) => names.indexOf(name);
  return {
    get: (name: Name) => [0x20, number(name)],
    set: (name: Name) => [0x21, number(name)],
    tee: (name: Name) => [0x22, number(name)],
  };
}
export const constant = (value: number) => [0x41, ...signed(value)];
export const add = [0x6a];
export const subtract = [0x6b];
export const multiply = [0x6c];
export const shiftLeft = [0x74];
export const shiftRight = [0x76];
const isAtLeast = [0x4f];
const isBelow = [0x49];
export const loadByte = (offset = 0) => [0x2d, 0, ...unsigned(offset)];
export const storeByte = [0x3a, 0, 0];
export const load = [0x28, 2, 0];
export const store = [0x36, 2, 0];
export const loadFloat = (offset = 0) => [0x2a, 2, ...unsigned(offset)];
export const floatIsBelow = [0x5d];
export const floatEquals = [0x5b];

/** Instructions one after the other. */
export function code(...parts: number[][]): number[] {
  return parts.flat();
}

/** Repeats while `at` is below `end`, which it may not be at the start. */
export function loop(at: number[], end: number[], { body, next }: { body: number[][]; next: number[][] }): number[] {
  return [[0x02, 0x40], at, end, isAtLeast, [0x0d, 0], [0x03, 0x40], ...body, ...next, end, isBelow, [0x0d, 0], [0x0b, 0x0b]].flat();
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
export function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 0x80, ...unsigned(Math.floor(value / 128))];
}

function signed(value: number): number[] {
  return value < 64 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}
