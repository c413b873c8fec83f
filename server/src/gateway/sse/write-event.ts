/** One server-sent event with the blank line that ends it. `event` is a name of ours: one line. A \r in `data` arrives as \n. */
export function writeEvent(data: string, event?: string): string {
  const name = event === undefined ? "" : `event: ${event}\n`;
  if (!data.includes("\n") && !data.includes("\r")) return `${name}data: ${data}\n\n`;
  return `${name}data: ${data.split(/\r\n|\r|\n/).join("\ndata: ")}\n\n`;
}
