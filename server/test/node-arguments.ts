/**
 * How tests start Node: from the sources, and without the second, optimising compilation of PGlite's WebAssembly, which takes
 * a quarter of the CPU of a process that lives for seconds: one function of it alone half a second and 600 MB, however large the
 * budget for tiering is. vitest.config.ts says the same of the tests' own processes.
 */
export const nodeArguments = ["--conditions=source", "--liftoff-only"] as const;
