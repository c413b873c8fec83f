import { serveTask } from "../../core/index.ts";
import { readParts, type ReadJob } from "./read-parts.ts";

serveTask((job: ReadJob, progress) => readParts(job, progress));
