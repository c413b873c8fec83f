import { AppError } from "../../core/index.ts";
import { adviceOn } from "../dialects/advice.ts";

/** `untranslatable`, naming each field that cannot be carried and why; nothing when there is none. */
export function refuseFields(fields: ReadonlyMap<string, string>, whose: string): void {
  if (fields.size === 0) return;
  const named = [...fields].map(([field, why]) => (why === "" ? field : `${field} (${why})`)).join(", ");
  throw new AppError("untranslatable", `${whose} cannot carry ${named}.${adviceOn(fields.keys())}`, {
    details: { fields: [...fields.keys()] },
  });
}
