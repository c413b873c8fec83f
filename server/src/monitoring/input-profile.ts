import { storableText } from "../core/index.ts";

/** One row as monitors see it: its input, and the label it is grouped by. */
export interface LabelledInput {
  readonly input: unknown;
  readonly label: string | null;
}

/** Values by label. */
export type ByLabel<T> = Readonly<Record<string, T>>;

/** What the inputs of some rows look like, label by label. Names read `body: words`. */
export interface InputProfile {
  readonly rows: number;
  readonly labels: Readonly<Record<string, number>>;
  readonly numbers: Readonly<Record<string, ByLabel<readonly number[]>>>;
  /** Shares in [0, 1] of words that the reference's vocabulary lacks. */
  readonly unseen: Readonly<Record<string, ByLabel<readonly number[]>>>;
  readonly categories: Readonly<Record<string, ByLabel<Readonly<Record<string, number>>>>>;
}

/** How to look at inputs: which fields are text, numbers or categories, and which words are known. */
export interface InputView {
  readonly kinds: Readonly<Record<string, "text" | "number" | "category">>;
  /** By text field. */
  readonly vocabulary: Readonly<Record<string, ReadonlySet<string>>>;
}

/** Characters of a text that are looked at, as many as a model reads. */
const mostCharacters = 8000;
const mostWords = 500_000;
/** A text field whose few values repeat is a category. */
const mostCategories = 20;
const longestCategory = 40;
/** Share of the reference, oldest first, whose words are known; the rest shows how many new words are usual. */
const vocabularyShare = 0.8;
/** How long this may hold the event loop, in milliseconds. */
const sliceMs = 4;

const wordPattern = /[\p{L}\p{N}][\p{L}\p{N}']+/gu;

function wordsOf(text: string): string[] {
  return text.slice(0, mostCharacters).toLowerCase().match(wordPattern) ?? [];
}

/** Fields of an input; parts of objects are joined by dots, lists are looked at as text. */
export function fieldsOf(input: unknown, prefix = ""): [string, string | number | boolean | null][] {
  if (input === null || typeof input !== "object") return [[prefix === "" ? "input" : prefix, input as string | number | boolean | null]];
  if (Array.isArray(input)) return [[prefix === "" ? "input" : prefix, JSON.stringify(input)]];
  return Object.entries(input).flatMap(([name, part]) =>
    fieldsOf(part, prefix === "" ? storableText(name) : `${prefix}.${storableText(name)}`),
  );
}

/** A record without a prototype: a label or field named like one of its members is one like any other. */
function emptyRecord<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}

/** Gives the event loop a turn whenever the slice is used up: requests are answered in between. */
function createPacer(): () => Promise<void> {
  let started = performance.now();
  return async () => {
    if (performance.now() - started < sliceMs) return;
    await new Promise((resolve) => setImmediate(resolve));
    started = performance.now();
  };
}

/** Learns from reference rows, oldest first, how to look at inputs, and what those of the reference look like. */
export async function learnView(rows: readonly LabelledInput[]): Promise<{ view: InputView; profile: InputProfile }> {
  const pace = createPacer();
  const kinds = emptyRecord<"text" | "number" | "category">();
  const values = new Map<string, Set<unknown>>();
  for (const { input } of rows) {
    for (const [name, value] of fieldsOf(input)) {
      if (value === null) continue;
      const kind = typeof value === "string" ? "text" : typeof value === "number" ? "number" : "category";
      kinds[name] = kinds[name] === undefined || kinds[name] === kind ? kind : "text";
      const seen = values.get(name) ?? new Set();
      values.set(name, seen);
      if (seen.size <= mostCategories) seen.add(value);
    }
    await pace();
  }
  for (const [name, seen] of values) {
    const isClosed =
      seen.size <= mostCategories && rows.length >= seen.size * 5 && [...seen].every((value) => String(value).length <= longestCategory);
    if (kinds[name] === "text" && isClosed) kinds[name] = "category";
  }
  const known = rows.slice(0, Math.ceil(rows.length * vocabularyShare));
  const vocabulary = emptyRecord<Set<string>>();
  for (const { input } of known) {
    for (const [name, value] of fieldsOf(input)) {
      if (kinds[name] !== "text" || value === null) continue;
      const words = (vocabulary[name] ??= new Set());
      for (const word of wordsOf(String(value))) if (words.size < mostWords) words.add(word);
    }
    await pace();
  }
  const view = { kinds, vocabulary };
  const profile = await describeInputs(rows, view);
  const later = await describeInputs(rows.slice(known.length), view);
  return { view, profile: { ...profile, unseen: later.unseen } };
}

interface Growing {
  readonly labels: Record<string, number>;
  readonly numbers: Record<string, Record<string, number[]>>;
  readonly unseen: Record<string, Record<string, number[]>>;
  readonly categories: Record<string, Record<string, Record<string, number>>>;
}

/** What the inputs of these rows look like in a view. */
export async function describeInputs(rows: readonly LabelledInput[], view: InputView): Promise<InputProfile> {
  const pace = createPacer();
  const growing: Growing = { labels: emptyRecord(), numbers: emptyRecord(), unseen: emptyRecord(), categories: emptyRecord() };
  for (const { input, label } of rows) {
    const group = label ?? "";
    growing.labels[group] = (growing.labels[group] ?? 0) + 1;
    const fields = new Map(fieldsOf(input));
    for (const [name, kind] of Object.entries(view.kinds))
      addField(growing, { name, kind, group, value: fields.get(name) ?? null, known: view.vocabulary[name] });
    await pace();
  }
  return { rows: rows.length, ...growing };
}

interface Field {
  readonly name: string;
  readonly kind: "text" | "number" | "category";
  readonly group: string;
  readonly value: string | number | boolean | null;
  readonly known: ReadonlySet<string> | undefined;
}

function addField(growing: Growing, { name, kind, group, value, known }: Field): void {
  if (kind === "text") {
    // A missing text is an empty one.
    const text = value === null ? "" : String(value);
    const words = wordsOf(text);
    push(growing.numbers, `${name}: characters`, group, text.length);
    push(growing.numbers, `${name}: words`, group, words.length);
    const different = new Set(words);
    if (different.size > 0) push(growing.unseen, `${name}: unseen words`, group, share(different, known));
  } else if (kind === "number" && typeof value === "number") {
    push(growing.numbers, name, group, value);
  } else {
    // A number that is missing or of another type is told apart from those that are there.
    const categories = ((growing.categories[kind === "number" ? `${name}: present` : name] ??= emptyRecord())[group] ??= emptyRecord());
    const category = kind === "number" ? "no" : storableText(String(value));
    categories[category] = (categories[category] ?? 0) + 1;
  }
  if (kind === "number" && typeof value === "number") {
    const present = ((growing.categories[`${name}: present`] ??= emptyRecord())[group] ??= emptyRecord());
    present["yes"] = (present["yes"] ?? 0) + 1;
  }
}

function push(into: Record<string, Record<string, number[]>>, name: string, group: string, value: number): void {
  ((into[name] ??= emptyRecord())[group] ??= []).push(value);
}

function share(words: ReadonlySet<string>, known: ReadonlySet<string> | undefined): number {
  let unseen = 0;
  for (const word of words) if (known?.has(word) !== true) unseen += 1;
  return unseen / words.size;
}
