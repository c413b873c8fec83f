#!/usr/bin/env node
import { createCli } from "./cli/index.ts";
import { commandPorts } from "./app/index.ts";

process.exitCode = await createCli(commandPorts()).run(process.argv.slice(2));
