import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool } from "undici";

/** A bare proxy, the floor: reads a body, sends it on over undici's dispatch, and passes back what comes, byte for byte. */
const pool = new Pool(process.argv[2]!, { connections: 512, pipelining: 1 });
const passed = new Set(["content-type", "content-length"]);

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (each: Buffer) => chunks.push(each));
  request.on("end", () => {
    pool.dispatch(
      { path: request.url!, method: "POST", headers: { "content-type": "application/json" }, body: Buffer.concat(chunks) },
      {
        onRequestStart() {},
        onResponseStart(_controller, status, headers) {
          const kept = Object.entries(headers).filter(([name]) => passed.has(name)) as [string, string][];
          response.writeHead(status, Object.fromEntries(kept));
        },
        onResponseData(_controller, part) {
          response.write(part);
        },
        onResponseEnd() {
          response.end();
        },
        onResponseError() {
          response.destroy();
        },
      },
    );
  });
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
