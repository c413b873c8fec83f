import { readFileSync } from "node:fs";
import { join } from "node:path";
import { errorTable } from "@millrace/contract";
import { describe, expect, it } from "vitest";
import { readErrorsPage, renderErrorsPage } from "./errors-page.ts";

const page = readFileSync(join(import.meta.dirname, "../docs/errors.md"), "utf8");
const listed = readErrorsPage(page);

describe("docs/errors.md", () => {
  it("lists every code of the table with its status", () => {
    const missing = Object.entries(errorTable).filter(([code, entry]) => listed.get(code) !== entry.status);
    expect(
      missing.map(([code]) => code),
      "run `npm run format`",
    ).toEqual([]);
  });

  it("lists no code that the table lacks", () => {
    expect(
      [...listed.keys()].filter((code) => !(code in errorTable)),
      "run `npm run format`",
    ).toEqual([]);
  });

  it("says what the table says", () => {
    expect(page, "run `npm run format`").toBe(renderErrorsPage());
  });
});

describe("the error table", () => {
  it.each(Object.entries(errorTable))("%s has an error status, a sentence and a way out", (code, entry) => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
    expect(entry.title).toMatch(/^[A-Z].*\.$/);
    expect(entry.fix).toMatch(/^[A-Z].*\.$/);
    expect(entry.title + entry.fix, "would break the page's table").not.toMatch(/[|\n]/);
  });
});
