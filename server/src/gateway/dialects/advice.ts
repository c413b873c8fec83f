const conversation = "send the earlier items, thoughts included, with the new ones";

/** What is held at a provider, and what its caller may do instead where this one holds nothing. */
const advice: Readonly<Record<string, string>> = {
  previous_response_id: conversation,
  conversation,
  thread: "send the whole conversation each time",
  prompt: "send what it says as instructions and input",
  store: "leave it out: no answer is kept to be fetched, and its evidence is at /api/inferences/<x-millrace-inference>",
  background: "leave it out, and stream what takes long",
};

/** A sentence for each of the fields that has one, with a blank before it. */
export function adviceOn(fields: Iterable<string>): string {
  const said = [...fields].filter((field) => Object.hasOwn(advice, field)).map((field) => ` Instead of ${field}, ${advice[field]}.`);
  return said.length === 0 ? "" : `${said.join("")} A provider that is asked in the caller's dialect is sent all of it.`;
}
