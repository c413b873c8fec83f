import type { Command } from "commander";
import { addData } from "./data.ts";
import { drillVerb } from "./drill.ts";
import { addEvaluation } from "./evaluation.ts";
import { explainVerb } from "./explain.ts";
import { addFeedback } from "./feedback.ts";
import { addFunctions } from "./functions.ts";
import { addGateway } from "./gateway.ts";
import { addAudit, addGovernance, killVerb } from "./governance.ts";
import { inferVerb } from "./infer.ts";
import { addInferences } from "./inferences.ts";
import { addJobs } from "./jobs.ts";
import { addModels, trainVerb } from "./models.ts";
import { addMonitoring } from "./monitoring.ts";
import { overviewVerb } from "./overview.ts";
import { addProcesses } from "./processes.ts";
import { addRelease } from "./release.ts";
import { addStorage, backupVerb } from "./storage.ts";
import { type Registrar, addVerb } from "./verb.ts";

/** Every command. `<module> <verb>` for all, and short forms for what people do every day. */
export function addCommands(program: Command, registrar: Registrar): void {
  program.commandsGroup("Start:");
  addProcesses(program, registrar);
  program.commandsGroup("Every day:");
  addVerb(program, registrar, { ...overviewVerb, usage: "overview" });
  addVerb(program, registrar, { ...inferVerb, usage: "infer <function> [input]" });
  addVerb(program, registrar, { ...drillVerb, usage: "drill <function>" });
  addVerb(program, registrar, { ...explainVerb, usage: "explain <inference>" });
  addVerb(program, registrar, { ...trainVerb, usage: "train <model>" });
  addVerb(program, registrar, { ...killVerb, usage: "kill <function>" });
  addAudit(program, registrar);
  addVerb(program, registrar, { ...backupVerb, usage: "backup [name]" });
  program.commandsGroup("Modules:");
  addData(program, registrar);
  addModels(program, registrar);
  addGateway(program, registrar);
  addFunctions(program, registrar);
  addInferences(program, registrar);
  addFeedback(program, registrar);
  addMonitoring(program, registrar);
  addEvaluation(program, registrar);
  addRelease(program, registrar);
  addJobs(program, registrar);
  addGovernance(program, registrar);
  addStorage(program, registrar);
}
