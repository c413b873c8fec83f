import { serveTask } from "../../core/index.ts";
import { executeSteps, type LakeJob } from "./execute-steps.ts";

serveTask((job: LakeJob) => executeSteps(job));
