import type { ReactNode } from "react";

/** The little of Markdown that playbooks use: paragraphs, numbered and plain lists, `code`. Text only, never HTML. */
export function Markdown({ text }: { text: string }): ReactNode {
  const blocks = text.trim().split(/\n{2,}|\n(?=\s*(?:\d+\.|[-*])\s)/);
  const parts: ReactNode[] = [];
  let items: { ordered: boolean; lines: string[] } | undefined;
  const flush = () => {
    if (items === undefined) return;
    const List = items.ordered ? "ol" : "ul";
    parts.push(
      <List key={parts.length}>
        {items.lines.map((line) => (
          <li key={line}>{inline(line)}</li>
        ))}
      </List>,
    );
    items = undefined;
  };
  for (const block of blocks) {
    const item = /^\s*(?:(\d+)\.|[-*])\s+([\s\S]*)$/.exec(block);
    if (item === null) {
      flush();
      const heading = /^#+\s+(.*)$/.exec(block);
      parts.push(heading === null ? <p key={parts.length}>{inline(block)}</p> : <h2 key={parts.length}>{heading[1]}</h2>);
    } else {
      const ordered = item[1] !== undefined;
      if (items !== undefined && items.ordered !== ordered) flush();
      items ??= { ordered, lines: [] };
      items.lines.push(item[2]!);
    }
  }
  flush();
  return <div className="playbook">{parts}</div>;
}

/** `code` and **bold** inside a line. */
export function inline(text: string): ReactNode[] {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part, index) => {
    if (part.startsWith("`")) return <code key={index}>{part.slice(1, -1)}</code>;
    if (part.startsWith("**")) return <b key={index}>{part.slice(2, -2)}</b>;
    return part;
  });
}
