import { AppError } from "../../core/index.ts";

/** What clients of OpenAI ask for that is held at OpenAI, and where it is here. */
const elsewhere: readonly (readonly [path: RegExp, instead: string])[] = [
  [
    /^\/v1\/(responses|chat\/completions)\//,
    "Answers are not kept to be fetched: an inference is at /api/inferences/<id>, and its id is in the header x-millrace-inference of the answer.",
  ],
  [/^\/v1\/conversations(\/|$)/, "Conversations are not kept: send the earlier items with the new ones."],
  [/^\/v1\/(batches|messages\/batches)(\/|$)/, "Many questions at once are a batch of a function: POST /api/functions/<name>/batches."],
  [/^\/v1\/files(\/|$)/, "Files are not kept: send one as data in the message that is about it."],
  [/^\/v1\/completions$/, "Ask /v1/chat/completions."],
];

/** `not_found`, with what to ask instead. */
export function notHere(path: string): AppError {
  const instead = elsewhere.find(([asked]) => asked.test(path))?.[1];
  const known = "Here are /v1/chat/completions, /v1/responses, /v1/messages, /v1/embeddings and /v1/models.";
  return new AppError("not_found", `There is nothing at ${path.slice(0, 200)}. ${instead ?? known}`);
}
