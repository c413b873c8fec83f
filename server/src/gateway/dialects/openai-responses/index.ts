import type { Dialect } from "../../types.ts";
import { parseError, writeError, writeStreamError } from "./errors.ts";
import { parseAnswer } from "./parse-answer.ts";
import { parseRequest } from "./parse-request.ts";
import { createReader } from "./read-events.ts";
import { writeAnswer } from "./write-answer.ts";
import { createWriter } from "./write-events.ts";
import { writeRequest } from "./write-request.ts";

/** OpenAI's responses: what was said, thought and called is a list of items. */
export const openaiResponses: Dialect = {
  name: "openai-responses",
  path: "/responses",
  parseRequest,
  writeRequest,
  parseAnswer,
  writeAnswer,
  createReader,
  createWriter,
  parseError,
  writeError,
  writeStreamError: (error) => writeStreamError(error),
};
