import { defineConfig } from "millrace";
import rulesConfig from "./rules.config.ts";

// Left running: it must not keep a stopped process alive.
setInterval(() => undefined, 1000);

/** Writes its journal and leaves it to another process to carry it to SQL. */
export default defineConfig({ ...rulesConfig, storage: { drain: false } });
