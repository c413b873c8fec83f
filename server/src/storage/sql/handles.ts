import type { PgPoolLike } from "../types.ts";
import { refuseNesting } from "./nesting.ts";

/** BEGIN, the project and principal that policies read, and the role, for one round trip. */
export function transactionScript(role: "millrace_app" | "millrace_system", who: { projectId: string; principalId: string }): string {
  // SET LOCAL and not set_config(): executing that function may have been revoked from everybody.
  return `begin; set local millrace.project = ${literal(who.projectId)}; set local millrace.principal = ${literal(who.principalId)}; set local role ${role}`;
}

/** A text literal; scripts of several statements cannot take parameters. */
function literal(text: string): string {
  const clean = text.replaceAll("\0", "");
  return clean.includes("\\") ? ` E'${clean.replaceAll("\\", "\\\\").replaceAll("'", "''")}'` : `'${clean.replaceAll("'", "''")}'`;
}

/** The owner's pool, refusing to be used inside a transaction's callback, where it would wait for itself. */
export function guardPool(pool: object): PgPoolLike {
  return new Proxy(pool, {
    get(target, property) {
      if (property === "query" || property === "connect") refuseNesting("the owner's pool");
      const value = Reflect.get(target, property, target) as unknown;
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  }) as PgPoolLike;
}
