import { parentPort } from "node:worker_threads";
import "./model-thread.ts";
import type { ThreadRequest } from "./protocol.ts";

// A model thread that ends while it holds a row that says so; for tests.
parentPort!.on("message", (request: ThreadRequest) => {
  if (request.kind === "run" && request.rows.some((row) => row.includes("die"))) process.exit(1);
});
