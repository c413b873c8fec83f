import { modelFunction } from "@millrace/contract";
import { AppError } from "../../core/index.ts";
import type { Functions } from "../../functions/index.ts";
import type { Gateway } from "../../gateway/index.ts";
import type { Principal } from "../../governance/index.ts";

export interface ModelSources {
  readonly gateway: Pick<Gateway, "models">;
  readonly functions: Pick<Functions, "definitions">;
}

/** `GET /v1/models` as OpenAI's clients read it; Anthropic's find their fields in it too. */
export function listModels({ gateway, functions }: ModelSources, { functions: held }: Pick<Principal, "functions">) {
  const mayAsk = (name: string) => held === null || held.has(name);
  const names = [
    ...gateway.models().filter(({ name }) => mayAsk(modelFunction(name))),
    ...functions.definitions.filter(({ name }) => mayAsk(name)).map(({ name, owner }) => ({ name: `fn/${name}`, provider: owner })),
  ];
  const data = names.map(({ name, provider }) => ({
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

/** One of them, by the end of its path. */
export function findModel(written: string, sources: ModelSources, principal: Pick<Principal, "functions">) {
  const found = listModels(sources, principal).data.find(({ id }) => id === written || encodeURIComponent(id) === written);
  if (found === undefined)
    throw new AppError(
      "not_found",
      `No model has the name ${written.slice(0, 200)} here. GET /v1/models lists those that have names; any <provider>/<model> may be asked too.`,
    );
  return found;
}
