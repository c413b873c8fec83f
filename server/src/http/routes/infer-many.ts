import type { InferManyResponse, InferResponse, OperationRequest } from "@millrace/contract";
import { AppError, toAppError } from "../../core/index.ts";
import type { Functions } from "../../functions/index.ts";
import type { AuthorizedContext } from "../types.ts";

/** Rows of one body that are asked at the same time. */
const rowsAtOnce = 16;

type Asks = Pick<Functions, "admit" | "infer" | "refuse">;
type Item = InferManyResponse["items"][number];

/**
 * Asks a function about each input, in order: each is admitted, answered and recorded as if it had come alone, and what one of them
 * comes to touches no other. Where the first may not be asked at all (right, switch, limit), the request is refused.
 */
export async function inferMany(
  { parameters: { name }, body }: OperationRequest<"functions.inferMany">,
  context: AuthorizedContext,
  functions: Asks,
): Promise<InferManyResponse> {
  const { principal, signal, remoteAddress: address } = context;
  const { inputs, ...same } = body;
  const caller = { projectId: principal.projectId, principalId: principal.id, principalName: principal.name };

  async function ask(input: unknown, row: number): Promise<Item> {
    let definition;
    try {
      definition = functions.admit(principal, name);
      const bytes = Buffer.byteLength(JSON.stringify(input) ?? "");
      const { maxBodyBytes } = definition;
      if (bytes > maxBodyBytes)
        throw new AppError("body_too_large", `The input has ${bytes} bytes; "${name}" takes ${maxBodyBytes}.`, {
          details: { maxBytes: maxBodyBytes },
        });
      const answer = await functions.infer({
        ...same,
        caller,
        function: name,
        input,
        ...(definition.asksModels ? { signal, address } : {}),
      });
      return JSON.parse(answer.body) as InferResponse;
    } catch (error) {
      const { code, message, details } = toAppError(error);
      const { inferenceId } = details;
      if (typeof inferenceId !== "string") functions.refuse({ function: name, caller, code, detail: message });
      if (definition === undefined && row === 0) throw error;
      const detail = code === "internal" ? "Something went wrong here." : message;
      return { error: { code, detail, inferenceId: typeof inferenceId === "string" ? inferenceId : null } };
    }
  }

  const items = [await ask(inputs[0], 0)];
  for (let start = 1; start < inputs.length && !signal.aborted; start += rowsAtOnce) {
    const some = inputs.slice(start, start + rowsAtOnce);
    items.push(...(await Promise.all(some.map((input, place) => ask(input, start + place)))));
  }
  return { items };
}
