import { describe, expect, test } from "vitest";
import { bodyOf, closing, listen, listenRaw, openEgress } from "./test-egress.ts";

const at = (port: number, path = "/") => `http://upstream.test:${port}${path}`;

async function echo(): Promise<number> {
  return listen(async (request, response) => {
    const { method, url, headers } = request;
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ method, url, type: headers["content-type"], length: headers["content-length"], body: await bodyOf(request) }),
    );
  });
}

describe("fetch", () => {
  test("sends every kind of body, with its type and length", async () => {
    const port = await echo();
    const { fetch } = openEgress({ ports: [port] });
    const sent = async (init: RequestInit) =>
      (await (await fetch(at(port, "/p"), { method: "POST", ...init })).json()) as Record<string, string>;
    expect(await sent({ body: "{}", headers: { "Content-Type": "application/json" } })).toEqual({
      method: "POST",
      url: "/p",
      type: "application/json",
      length: "2",
      body: "{}",
    });
    expect(await sent({ body: "text" })).toMatchObject({ type: "text/plain;charset=UTF-8", body: "text" });
    expect(await sent({ body: new Uint8Array([65, 66]) })).toMatchObject({ length: "2", body: "AB" });
    expect(await sent({ body: new URLSearchParams({ a: "1 2" }) })).toMatchObject({
      type: "application/x-www-form-urlencoded;charset=UTF-8",
      body: "a=1+2",
    });
    const form = new FormData();
    form.set("file", new Blob(["sound"], { type: "audio/wav" }), "a.wav");
    const multipart = await sent({ body: form });
    expect(multipart["type"]).toMatch(/^multipart\/form-data; boundary=/);
    expect(multipart["body"]).toMatch(/filename="a.wav"[\s\S]*audio\/wav[\s\S]*sound/);
    const stream = new Blob(["streamed"]).stream();
    expect(await sent({ body: stream, duplex: "half" } as RequestInit)).toMatchObject({ body: "streamed" });
  });

  test("takes a URL or a Request, and settings beside it", async () => {
    const port = await echo();
    const { fetch } = openEgress({ ports: [port] });
    expect(await (await fetch(new URL(at(port, "/url")))).json()).toMatchObject({ method: "GET", url: "/url" });
    const request = new Request(at(port, "/request"), { method: "PUT", body: "x" });
    expect(await (await fetch(request)).json()).toMatchObject({ method: "PUT", url: "/request", body: "x" });
    expect(await (await fetch(new Request(at(port)), { method: "DELETE" })).json()).toMatchObject({ method: "DELETE" });
  });

  test("answers with a Response: status, headers, address, bodies of every form", async () => {
    const port = await listen((request, response) => {
      if (request.url === "/none") response.writeHead(204).end();
      else response.writeHead(418, { "set-cookie": ["a=1", "b=2"], "x-one": "1" }).end("short and stout");
    });
    const { fetch } = openEgress({ ports: [port] });
    const answer = await fetch(at(port, "/pot"));
    expect(answer).toBeInstanceOf(Response);
    expect([answer.status, answer.ok, answer.url, answer.headers.get("x-one")]).toEqual([418, false, at(port, "/pot"), "1"]);
    expect(answer.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(await answer.clone().text()).toBe("short and stout");
    expect(new TextDecoder().decode(await answer.arrayBuffer())).toBe("short and stout");
    const none = await fetch(at(port, "/none"));
    expect([none.status, none.body]).toEqual([204, null]);
  });

  test("of a status no Response can have is an error, and the connection is closed", async () => {
    const closed: Promise<void>[] = [];
    const port = await listenRaw((socket) => {
      closed.push(closing(socket));
      socket.write("HTTP/1.1 999 Denied\r\ntransfer-encoding: chunked\r\n\r\n");
    });
    await expect(openEgress({ ports: [port] }).fetch(at(port))).rejects.toMatchObject({ code: "egress_failed", details: { status: 999 } });
    await closed[0];
  });

  test("streams: a piece can be read before the next is sent, and a reader that leaves closes the connection", async () => {
    let next: (() => void) | undefined;
    const closed: Promise<void>[] = [];
    const port = await listen((request, response) => {
      closed.push(closing(request.socket));
      response.write("data: one\n\n");
      next = () => response.write("data: two\n\n");
    });
    const reader = (await openEgress({ ports: [port] }).fetch(at(port))).body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe("data: one\n\n");
    next!();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe("data: two\n\n");
    await reader.cancel();
    await closed[0];
  });

  test("is ended by its signal, before the head and in the stream, with the signal's reason", async () => {
    const port = await listen((request, response) => {
      if (request.url === "/stream") response.write("x");
    });
    const { fetch } = openEgress({ ports: [port] });
    const before = new AbortController();
    const asking = fetch(at(port), { signal: before.signal });
    before.abort();
    await expect(asking).rejects.toMatchObject({ name: "AbortError" });
    const during = new AbortController();
    const answer = await fetch(at(port, "/stream"), { signal: during.signal });
    during.abort();
    await expect(answer.text()).rejects.toMatchObject({ name: "AbortError" });
  });

  test("refuses what is not allowed, and redirects where the caller wants none", async () => {
    const port = await listen((request, response) => {
      if (request.url === "/") response.writeHead(302, { location: "/there" });
      response.end("there");
    });
    const { fetch } = openEgress({ ports: [port] });
    await expect(fetch("https://elsewhere.test/")).rejects.toMatchObject({ code: "egress_refused" });
    expect(await (await fetch(at(port))).text()).toBe("there");
    await expect(fetch(at(port), { redirect: "error" })).rejects.toMatchObject({ code: "egress_refused" });
  });
});
