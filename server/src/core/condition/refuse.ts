import { AppError } from "../errors.ts";

/** `at` counts from 0 inside, from 1 for people. */
export function refuse(text: string, at: number, problem: string): never {
  throw new AppError("config_invalid", `The condition ${JSON.stringify(text)} is wrong at character ${at + 1}: ${problem}.`, {
    details: { condition: text, character: at + 1, problem },
  });
}
