/** A fenced or indented block of a page. */
export interface Block {
  /** `ts`, `sh`, ...; empty when the page does not say. */
  readonly language: string;
  readonly text: string;
  /** Line of the page on which the text begins, from 1. */
  readonly line: number;
}

/** What a page of Markdown holds that a test can check. */
export interface Page {
  readonly blocks: readonly Block[];
  /** Text between single backticks, outside blocks. */
  readonly spans: readonly string[];
  /** Targets of links and pictures, outside blocks. */
  readonly links: readonly string[];
  /** What `#...` may name. */
  readonly anchors: ReadonlySet<string>;
}

const fencePattern = /^```(\w*)\s*$/;

/** Reads the part of Markdown that the project's pages use. */
export function readPage(text: string): Page {
  const blocks: { language: string; lines: string[]; line: number }[] = [];
  const prose: string[] = [];
  let open: (typeof blocks)[number] | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = fencePattern.exec(line);
    if (open !== undefined && open.language !== "indented") {
      if (fence === null) open.lines.push(line);
      else open = undefined;
    } else if (fence !== null) {
      open = { language: fence[1]!, lines: [], line: index + 2 };
      blocks.push(open);
    } else if (/^ {4}\S/.test(line) && (open !== undefined || prose.at(-1)?.trim() === "")) {
      if (open === undefined) blocks.push((open = { language: "indented", lines: [], line: index + 1 }));
      open.lines.push(line.slice(4));
    } else {
      open = undefined;
      prose.push(line);
    }
  }
  const rest = prose.join("\n");
  return {
    blocks: blocks.map(({ language, lines, line }) => ({
      language: language === "indented" ? "" : language,
      text: lines.join("\n"),
      line,
    })),
    spans: [...rest.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map((match) => match[1]!),
    links: [...rest.replaceAll(/`[^`\n]*`/g, "").matchAll(/\]\(([^()\s]+)\)/g)].map((match) => match[1]!),
    anchors: new Set([...rest.matchAll(/^#+ (.+)$/gm)].map((match) => toAnchor(match[1]!))),
  };
}

function toAnchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

/** The command lines of `millrace` in a block of a shell, as words; variables set before, comments and redirections after are left out. */
export function readCommands(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => /^(?:[A-Z_]+=\S+ )*millrace /.test(line))
    .map((line) => splitWords(line.replace(/ +[#>|] .*$/, "")))
    .map((words) => words.slice(words.indexOf("millrace") + 1));
}

/** Words as a shell would see them; `<a placeholder>` is one word. */
export function splitWords(line: string): string[] {
  const words = line.match(/(?:<[^>]*>|"[^"]*"|'[^']*'|[^\s"'<])+/g) ?? [];
  return words.map((word) => word.replaceAll(/["']/g, ""));
}
