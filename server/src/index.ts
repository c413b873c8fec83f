/** What a `millrace.config.ts` imports from "millrace". */
export { type MillraceConfig, defineConfig } from "./app/config.ts";
export { type Secret, secret } from "./core/index.ts";
export { bestOf, compose, defineFunction, examples, lastGood, llm, message, model, rules } from "./functions/index.ts";
