import { expect, test } from "vitest";
import { readCommands, readPage } from "./markdown.ts";

test("reads fenced and indented blocks with their lines, and leaves them out of the prose", () => {
  const page = readPage(
    '# Title\n\n```ts\nconst a = "`b`";\n```\n\nText `c`\n\n    millrace up\n    millrace work\n\n- item\n    still text\n',
  );
  expect(page.blocks).toEqual([
    { language: "ts", text: 'const a = "`b`";', line: 4 },
    { language: "", text: "millrace up\nmillrace work", line: 9 },
  ]);
  expect(page.spans).toEqual(["c"]);
});

test("finds links, pictures and anchors, and no link in code", () => {
  const page = readPage("# A page's title\n\n## Add a trainer\n\n[x](docs/x.md#y) ![p](p.png) `[n](o)`\n");
  expect(page.links).toEqual(["docs/x.md#y", "p.png"]);
  expect([...page.anchors]).toEqual(["a-pages-title", "add-a-trainer"]);
});

test("reads command lines as a shell does", () => {
  expect(
    readCommands(
      "A=b millrace up --port 1\nls\nmillrace audit --json > log.json\nmillrace infer f '{\"x\": 1}'   # why\nmillrace explain <inference id>",
    ),
  ).toEqual([
    ["up", "--port", "1"],
    ["audit", "--json"],
    ["infer", "f", "{x: 1}"],
    ["explain", "<inference id>"],
  ]);
});
