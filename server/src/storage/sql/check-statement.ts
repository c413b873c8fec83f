import { AppError } from "../../core/index.ts";

const allowed = new Set(["select", "insert", "update", "delete", "with", "values", "merge"]);

/**
 * Throws unless a statement reads or writes rows. Inside `as()` nothing else may run: SET ROLE, RESET ROLE, SET
 * millrace.project, COMMIT or a DO block would leave the project the transaction was opened for. Together with the extended
 * protocol (one statement a message) the first word decides.
 */
export function checkStatement(text: string): void {
  const word = firstWord(text);
  if (!allowed.has(word))
    throw new AppError(
      "forbidden",
      `A statement that begins with "${word}" may not run inside sql.as(); only ${[...allowed].join(", ")} may.`,
    );
}

function firstWord(text: string): string {
  // Comments may nest; a statement of ours has none in front, so one that has is refused by its first character.
  return /^[\s(]*(\w+|\S?)/.exec(text)![1]!.toLowerCase();
}
