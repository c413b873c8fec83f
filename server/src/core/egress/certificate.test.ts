import { createServer } from "node:https";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { beforeAll, describe, expect, test } from "vitest";
import { certificate, certificateKey } from "../../../test/fixtures/upstream-certificate.ts";
import { loopback, openEgress, started } from "./test-egress.ts";

beforeAll(() => setDefaultCACertificates([...getCACertificates("default"), certificate]));

function listen(): Promise<number> {
  return started(
    createServer({ cert: certificate, key: certificateKey }, (request, response) => response.end(`to ${request.headers.host}`)),
  );
}

describe("over TLS", () => {
  test("a host is asked at its checked address, under its own name", async () => {
    const port = await listen();
    const egress = openEgress({ hosts: [{ host: "upstream.test", private: true, ports: [port] }] });
    expect(await (await egress.request({ url: `https://upstream.test:${port}/` })).text()).toBe(`to upstream.test:${port}`);
  });

  test("a certificate of another host is an error", async () => {
    const port = await listen();
    const egress = openEgress({
      hosts: [{ host: "other.test", private: true, ports: [port] }],
      resolve: () => Promise.resolve([loopback]),
    });
    await expect(egress.request({ url: `https://other.test:${port}/` })).rejects.toMatchObject({
      code: "egress_failed",
      details: { code: "ERR_TLS_CERT_ALTNAME_INVALID" },
    });
  });

  test("a private address is refused before a word is said", async () => {
    const port = await listen();
    const egress = openEgress({ hosts: [{ host: "upstream.test", ports: [port] }] });
    await expect(egress.request({ url: `https://upstream.test:${port}/` })).rejects.toMatchObject({ code: "egress_refused" });
  });
});
