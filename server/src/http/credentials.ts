import type { IncomingMessage } from "node:http";
import type { Credentials } from "../governance/index.ts";

export const sessionCookie = "millrace_session";

/** The bearer key or the session cookie of a request; the key wins when both came. */
export function readCredentials(request: IncomingMessage): Credentials {
  const { authorization, cookie } = request.headers;
  if (authorization !== undefined) {
    return authorization.length > 7 && authorization.slice(0, 7).toLowerCase() === "bearer "
      ? { bearer: authorization.slice(7).trim() }
      : { bearer: "" };
  }
  return cookie === undefined ? {} : { session: readCookie(cookie, sessionCookie) };
}

/** The first value of a cookie's name, or undefined. */
export function readCookie(header: string, name: string): string | undefined {
  for (const part of header.split(";")) {
    const equals = part.indexOf("=");
    if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim();
  }
  return undefined;
}

/** `Set-Cookie` of a session: never readable by a script, never sent from another site. Null clears it. */
export function writeSessionCookie(session: { readonly value: string; readonly expiresAt: string } | null, secure: boolean): string {
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;
  if (session === null) return `${sessionCookie}=; ${attributes}; Expires=Thu, 01 Jan 1970 00:00:00 GMT`;
  return `${sessionCookie}=${session.value}; ${attributes}; Expires=${new Date(session.expiresAt).toUTCString()}`;
}
