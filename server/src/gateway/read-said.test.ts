import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readSaid } from "./read-said.ts";

const tags = fc.dictionary(fc.constantFrom("team", "session", "data_class"), fc.string());
const said = fc.record({ tags: fc.option(tags, { nil: undefined }), user: fc.option(fc.string(), { nil: undefined }) });

describe("what is said of a call", () => {
  test("is all that is said in the request, and beside it what the request does not say", () => {
    fc.assert(
      fc.property(said, said, (inside, beside) => {
        const { metadata, user } = { metadata: inside.tags, user: inside.user };
        const request = { ...(metadata === undefined ? {} : { metadata }), ...(user === undefined ? {} : { user }) };
        const read = readSaid({ origin: beside, request });
        for (const key of ["team", "session", "data_class"]) expect(read.tags[key]).toBe(metadata?.[key] ?? beside.tags?.[key]);
        expect(read.user).toBe(user ?? beside.user);
      }),
    );
  });
});
