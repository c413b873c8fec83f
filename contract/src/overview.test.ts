import { expect, test } from "vitest";
import { backupRequestSchema } from "./overview.ts";

test("a backup's name cannot leave the folder of backups", () => {
  for (const name of ["..", ".", "../x", "a/b", "a\\b", ".hidden", "", "x".repeat(101)]) {
    expect(backupRequestSchema.safeParse({ name }).success, name).toBe(false);
  }
  for (const name of ["before-upgrade", "2026-11-21", "a..b", "x"])
    expect(backupRequestSchema.safeParse({ name }).success, name).toBe(true);
});
