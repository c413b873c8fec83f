import type { ModelSignature } from "@millrace/contract";

export type TextPreparation = ModelSignature["text"];

export const textPreparation: TextPreparation = { normalization: "NFC", lowerCase: true, controlCharacters: "space", maxCharacters: 8000 };

// C0 and C1 controls, the line and paragraph separators, and every kind of space: one plain space each.
const spaces = /[\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff]/g;

/**
 * Text as models see it, at training and at serving: cut, well-formed, NFC, lower-cased, control characters and white space
 * as spaces, one space at each end (so that it is never empty and words have edges). The model's graph starts after it.
 * What is missing counts as empty; other values as their JSON.
 */
export function prepareText(value: unknown, preparation: TextPreparation = textPreparation): string {
  const text = typeof value === "string" ? value : value === null || value === undefined ? "" : JSON.stringify(value);
  const cut = text.length > preparation.maxCharacters ? text.slice(0, preparation.maxCharacters) : text;
  return ` ${cut.toWellFormed().normalize("NFC").toLowerCase().replace(spaces, " ")} `;
}
