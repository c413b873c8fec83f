#!/usr/bin/env node
import { enableCompileCache } from "node:module";

// Before everything else is imported: code compiled once is kept for the next start, which saves a quarter of its CPU.
enableCompileCache();
const { createCli } = await import("./cli/index.ts");
const { commandPorts } = await import("./app/index.ts");

process.exitCode = await createCli(commandPorts()).run(process.argv.slice(2));
