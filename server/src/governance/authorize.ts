import type { Permission } from "@millrace/contract";
import { AppError } from "../core/index.ts";
import type { Principal } from "./types.ts";

/**
 * The one decision: allowed only if the permission was granted and, for a key limited to some functions, the function is one
 * of them. Calling a function (`functions.infer`) without naming it is denied to such a key: unknown means deny.
 */
export function authorize(principal: Principal, permission: Permission, resource: { function?: string | undefined } = {}): void {
  if (!principal.permissions.has(permission)) {
    throw new AppError("forbidden", `${describe(principal)} may not do this: it lacks the permission ${permission}.`, {
      details: { permission },
    });
  }
  if (principal.functions === null) return;
  const wanted = resource.function;
  if (wanted === undefined && permission !== "functions.infer") return;
  if (wanted === undefined || !principal.functions.has(wanted)) {
    throw new AppError(
      "forbidden",
      `${describe(principal)} may not do this with ${wanted === undefined ? "an unnamed function" : `the function "${wanted}"`}.`,
      {
        details: { permission, function: wanted ?? null, functions: [...principal.functions] },
      },
    );
  }
}

function describe(principal: Principal): string {
  return `The ${principal.kind} "${principal.name}"`;
}
