/** How BERT's own tokenizer reads a text before it cuts it. */
export interface TextRules {
  /** Control characters go, and every blank is a space. */
  readonly clean: boolean;
  /** Each Chinese character is a word. */
  readonly splitChinese: boolean;
  readonly stripAccents: boolean;
  readonly lowerCase: boolean;
}

// Tab and line ends are blanks, though Unicode counts them as control characters. What no Unicode has assigned stays: it may be a newer sign.
const controls = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\uFFFD]/gu;
const blanks = /\s/gu;
// The blocks BERT was trained with; Hangul, Hiragana and Katakana are not among them.
const chinese =
  /[\u{4E00}-\u{9FFF}\u{3400}-\u{4DBF}\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{F900}-\u{FAFF}\u{2F800}-\u{2FA1F}]/gu;
// All that stands on a keyboard and is neither letter nor digit counts, symbols too.
const pieces = /[!-/:-@[-`{-~\p{P}]|[^\s!-/:-@[-`{-~\p{P}]+/gu;

export function normalizeText(text: string, rules: TextRules): string {
  let normal = text;
  if (rules.clean) normal = normal.replace(controls, "").replace(blanks, " ");
  if (rules.splitChinese) normal = normal.replace(chinese, " $& ");
  if (rules.stripAccents) normal = normal.normalize("NFD").replace(/\p{Mn}/gu, "");
  // Each character by itself, as the reference has it: a sigma is the same at the end of a word.
  return rules.lowerCase ? Array.from(normal, (character) => character.toLowerCase()).join("") : normal;
}

/** Words, and each punctuation mark by itself. */
export function splitWords(normal: string): readonly string[] {
  return normal.match(pieces) ?? [];
}
