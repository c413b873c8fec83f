import type { Check } from "../table.ts";
import { joinCheck } from "./join.ts";
import { profileCheck } from "./profile.ts";

/** The figures of large tables, in the order they are printed. */
export const checks: readonly Check[] = [joinCheck, profileCheck];
