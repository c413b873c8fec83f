import { defineConfig } from "millrace";
import rulesConfig from "./rules.config.ts";

/** Writes its journal and leaves it to another process to carry it to SQL. */
export default defineConfig({ ...rulesConfig, storage: { drain: false } });
