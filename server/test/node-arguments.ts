/**
 * How tests start Node: from the sources, and without the second, optimising compilation of PGlite's WebAssembly, which takes
 * most of the CPU of a process that lives for seconds. vitest.config.ts says the same of the tests' own processes.
 */
export const nodeArguments = ["--conditions=source", "--wasm-tiering-budget=2000000000"] as const;
