import { clip } from "./clip.ts";
import { dateParts } from "./date-parts.ts";
import { impute } from "./impute.ts";
import { log } from "./log.ts";
import { missingFlag } from "./missing-flag.ts";
import { oneHot } from "./one-hot.ts";
import { ordinal } from "./ordinal.ts";
import { minMax, standard } from "./scale.ts";
import { targetMean } from "./target.ts";
import { tfIdf } from "./tf-idf.ts";
import type { Step } from "./types.ts";

/** Every way to prepare a column. To add one: a file of the same shape, one line here, one row in docs/models.md. */
export const steps: readonly Step[] = [impute, missingFlag, minMax, standard, log, clip, oneHot, ordinal, targetMean, dateParts, tfIdf];
