import { defineConfig } from "millrace";
import rulesConfig from "./rules.config.ts";

/** Serves for 6 s without its database, then no longer. */
export default defineConfig({ ...rulesConfig, storage: { stateMaxAgeMinutes: 0.1 } });
