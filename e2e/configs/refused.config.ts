import { defineConfig } from "millrace";
import rules from "./rules.config.ts";

/** A provider whose address the way out does not allow. */
export default defineConfig({
  ...rules,
  gateway: { providers: { away: { dialect: "openai", baseUrl: "http://10.0.0.1:9/v1" } } },
});
