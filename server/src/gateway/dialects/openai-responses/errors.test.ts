import { expect, test } from "vitest";
import { openaiResponses } from "./index.ts";

const { parseError, writeError, writeStreamError } = openaiResponses;
const error = { status: 422, code: "untranslatable", message: "No background here.", inferenceId: "i-1" };

test("an error has OpenAI's shape, and the inference it belongs to", () => {
  expect(writeError(error)).toEqual({
    error: { message: "No background here.", type: "invalid_request_error", param: null, code: "untranslatable", inferenceId: "i-1" },
  });
});

test("a provider's is understood", () => {
  const body = {
    error: {
      message: "No such response.",
      type: "invalid_request_error",
      param: "previous_response_id",
      code: "previous_response_not_found",
    },
  };
  expect(parseError(400, body)).toEqual({
    status: 400,
    kind: "invalid_request",
    message: "No such response.",
    code: "previous_response_not_found",
  });
});

test("inside a stream it is an event of its own, and the reader knows it", () => {
  const text = writeStreamError(error);
  expect(text).toMatch(/^event: error\ndata: \{.*\}\n\n$/);
  expect(openaiResponses.createReader().push({ event: "error", data: text.slice(text.indexOf("{")).trim() })).toEqual([
    { type: "error", error: { status: null, kind: "unknown", message: "No background here.", code: "untranslatable" } },
  ]);
});
