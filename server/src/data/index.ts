export { type DataConfig, configSchema } from "./config.ts";
export { type DataDeps, createData } from "./create.ts";
export { formatReference } from "./reference.ts";
export { type ApplyFunctionsInput, type ApplyFunctionsReport, applyFunctions } from "./labels/apply-functions.ts";
export { type ChooseOptions, type ChosenRow, chooseRows } from "./labels/choose-rows.ts";
export { type ScoreOptions, type ScoreReport, scorePredictions } from "./score/index.ts";
export { parseLine, readLines } from "./parse-rows.ts";
export type * from "./types.ts";
