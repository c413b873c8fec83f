import { type Permission, permissions, roles } from "@millrace/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultProjectId, isAppError } from "../core/index.ts";
import { authorize } from "./authorize.ts";
import type { Principal } from "./types.ts";

function principal(granted: readonly Permission[], functions: readonly string[] | null = null): Principal {
  return {
    id: "key:test:0123456789ab",
    projectId: defaultProjectId,
    kind: "key",
    name: "test",
    permissions: new Set(granted),
    functions: functions === null ? null : new Set(functions),
    limit: null,
  };
}

function allowed(who: Principal, permission: Permission, resource?: { function?: string }): boolean {
  try {
    authorize(who, permission, resource);
    return true;
  } catch (error) {
    if (isAppError(error, "forbidden")) return false;
    throw error;
  }
}

const anyPermissions = fc.subarray([...permissions]);
const anyName = fc.constantFrom("triage-mail", "label-ticket", "rank", "summarize");

describe("authorize", () => {
  test("never allows what was not granted, and always what was", () => {
    fc.assert(
      fc.property(anyPermissions, fc.constantFrom(...permissions), fc.option(anyName, { nil: undefined }), (granted, asked, name) => {
        expect(allowed(principal(granted), asked, name === undefined ? {} : { function: name })).toBe(granted.includes(asked));
      }),
    );
  });

  test("never lets a limited key touch another function, whatever it was granted", () => {
    fc.assert(
      fc.property(
        anyPermissions,
        fc.subarray(["triage-mail", "label-ticket", "rank"]),
        fc.constantFrom(...permissions),
        anyName,
        (granted, functions, asked, name) => {
          expect(allowed(principal(granted, functions), asked, { function: name })).toBe(
            granted.includes(asked) && functions.includes(name),
          );
        },
      ),
    );
  });

  test("denies a call that does not say which function to a limited key", () => {
    const limited = principal([...permissions], ["triage-mail"]);
    expect(allowed(limited, "functions.infer")).toBe(false);
    expect(allowed(limited, "feedback.write")).toBe(true);
    expect(allowed(principal([...permissions]), "functions.infer")).toBe(true);
  });

  test("denies a permission it has never heard of", () => {
    expect(allowed(principal([...permissions]), "everything.write" as Permission)).toBe(false);
    expect(allowed(principal([...permissions]), "constructor" as Permission)).toBe(false);
  });

  test("names the missing permission", () => {
    const refusal = catchError(() => authorize(principal(["functions.infer"]), "release.write"));
    expect(refusal).toMatchObject({ code: "forbidden", status: 403, details: { permission: "release.write" } });
    expect(String(refusal)).toContain("release.write");
  });

  test("gives a viewer no evidence bodies and no writes", () => {
    const viewer = principal(roles.viewer);
    expect(
      permissions
        .filter((permission) => allowed(viewer, permission))
        .every((permission) => permission.endsWith(".read") && permission !== "evidence.read"),
    ).toBe(true);
  });
});

function catchError(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
