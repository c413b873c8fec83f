import { modelFunction } from "@millrace/contract";
import type { Gateway } from "../../gateway/index.ts";
import type { Principal } from "../../governance/index.ts";

/** `GET /v1/models` as OpenAI's clients read it; Anthropic's find their fields in it too. */
export function listModels(gateway: Pick<Gateway, "models">, { functions }: Pick<Principal, "functions">) {
  const allowed = gateway.models().filter(({ name }) => functions === null || functions.has(modelFunction(name)));
  const data = allowed.map(({ name, provider }) => ({
    id: name,
    object: "model",
    created: 0,
    owned_by: provider,
    type: "model",
    display_name: name,
    created_at: new Date(0).toISOString(),
  }));
  return { object: "list", data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
}
