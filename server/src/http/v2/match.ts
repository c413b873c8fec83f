import { nameSchema } from "@millrace/contract";

/** What a path of the open inference protocol asks; `version` null is the champion. */
export type Question =
  | { readonly kind: "server" | "live" | "ready" | "unknown" }
  | { readonly kind: "metadata" | "model-ready" | "infer"; readonly name: string; readonly version: number | null };

const modelPath = /^\/v2\/models\/([^/]+)(?:\/versions\/([1-9]\d{0,8}))?(\/ready|\/infer)?$/;
const kinds = { "/ready": "model-ready", "/infer": "infer" } as const;

/** The question when a request is one of the protocol's; undefined leaves it to the control API. */
export function matchInference(url: string): Question | undefined {
  if (!url.startsWith("/v2")) return undefined;
  const query = url.indexOf("?");
  const path = query === -1 ? url : url.slice(0, query);
  if (path === "/v2" || path === "/v2/") return { kind: "server" };
  if (!path.startsWith("/v2/")) return undefined;
  if (path === "/v2/health/live") return { kind: "live" };
  if (path === "/v2/health/ready") return { kind: "ready" };
  const match = modelPath.exec(path);
  if (match === null || !nameSchema.safeParse(match[1]).success) return { kind: "unknown" };
  const [, name, version, verb] = match;
  return {
    kind: verb === undefined ? "metadata" : kinds[verb as keyof typeof kinds],
    name: name!,
    version: version === undefined ? null : Number(version),
  };
}
