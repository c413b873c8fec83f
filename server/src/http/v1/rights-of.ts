import type { Principal } from "../../governance/index.ts";

const known = new WeakMap<Principal, string>();

/** What a principal may do, as text: two with the same may do exactly the same. */
export function rightsOf(principal: Principal): string {
  let rights = known.get(principal);
  if (rights === undefined) {
    const { permissions, functions } = principal;
    rights = JSON.stringify([[...permissions].toSorted(), functions === null ? null : [...functions].toSorted()]);
    known.set(principal, rights);
  }
  return rights;
}
