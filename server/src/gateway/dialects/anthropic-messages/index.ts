import type { Dialect } from "../../types.ts";
import { parseError, writeError, writeStreamError } from "./errors.ts";
import { parseAnswer } from "./parse-answer.ts";
import { parseRequest } from "./parse-request.ts";
import { AnthropicReader } from "./read-events.ts";
import { writeAnswer } from "./write-answer.ts";
import { AnthropicWriter } from "./write-events.ts";
import { writeRequest } from "./write-request.ts";

/** Anthropic's Messages API, version 2023-06-01. A provider's base URL ends in /v1. */
export const anthropicMessages: Dialect = {
  name: "anthropic-messages",
  path: "/messages",
  parseRequest,
  writeRequest,
  parseAnswer,
  writeAnswer,
  createReader: () => new AnthropicReader(),
  createWriter: (context) => new AnthropicWriter(context),
  parseError,
  writeError,
  writeStreamError,
};
