import { createHmac } from "node:crypto";
import { sha256 } from "../../../core/index.ts";

export interface SigningKey {
  readonly id: string;
  readonly secret: string;
  readonly sessionToken?: string | undefined;
}

export interface Signing {
  readonly key: SigningKey;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The headers of a GET without a body, signed for S3: AWS Signature Version 4 ("Authenticating Requests: Using the
 * Authorization Header", Amazon S3 API Reference). The address must be written as `encodeStrictly` does.
 */
export function signGet(url: URL, { key, region, now }: Signing): Record<string, string> {
  const time = new Date(now).toISOString().replaceAll(/[-:]|\.\d{3}/g, "");
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const headers: Record<string, string> = {
    host: url.host,
    "x-amz-content-sha256": sha256(""),
    "x-amz-date": time,
    ...(key.sessionToken === undefined ? {} : { "x-amz-security-token": key.sessionToken }),
  };
  const names = Object.keys(headers).join(";");
  const canonical = [
    "GET",
    url.pathname,
    url.search.slice(1).split("&").sort().join("&"),
    ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
    "",
    names,
    sha256(""),
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  let signingKey: Buffer | string = `AWS4${key.secret}`;
  for (const part of scope.split("/")) signingKey = hmac(signingKey, part);
  const signature = hmac(signingKey, toSign).toString("hex");
  return { ...headers, authorization: `AWS4-HMAC-SHA256 Credential=${key.id}/${scope},SignedHeaders=${names},Signature=${signature}` };
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** Percent-encodes all but letters, digits and `-._~`, as the signature counts it. */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (character) => `%${character.codePointAt(0)!.toString(16).toUpperCase()}`);
}
