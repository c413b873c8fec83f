import type { Dialect } from "../../types.ts";
import { parseError, writeError, writeStreamError } from "./errors.ts";
import { parseAnswer } from "./parse-answer.ts";
import { parseRequest } from "./parse-request.ts";
import { createReader } from "./read-events.ts";
import { writeAnswer } from "./write-answer.ts";
import { createWriter } from "./write-events.ts";
import { writeRequest } from "./write-request.ts";

/** OpenAI's chat completions, and what the many servers that speak the same make of it. */
export const openaiChat: Dialect = {
  name: "openai-chat",
  path: "/chat/completions",
  parseRequest,
  writeRequest,
  parseAnswer,
  writeAnswer,
  createReader,
  createWriter,
  parseError,
  writeError,
  writeStreamError,
};
