/** Where progress goes and what it may do there. */
export interface ProgressOutput {
  write(text: string): unknown;
  /** A terminal redraws one line; anything else gets plain lines. */
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Progress {
  stage(title: string): Stage;
  line(text: string): void;
}

export interface Stage {
  update(done: number, total: number, note?: string): void;
  /** Ends the stage with one line that says what came out. */
  done(result: string): void;
}

const barWidth = 24;

/** Progress stage by stage: a bar on a terminal, plain lines in a pipe (at most one per tenth of a stage). */
export function createProgress(output: ProgressOutput, now: () => number): Progress {
  const interactive = output.isTTY === true;
  let drawn = false;

  function clear(): void {
    if (drawn) output.write("\r\u001b[2K");
    drawn = false;
  }

  function line(text: string): void {
    clear();
    output.write(`${text}\n`);
  }

  function stage(title: string): Stage {
    const started = now();
    const name = title.padEnd(11);
    let tenth = 0;
    if (interactive) draw(`${name} ${bar(0)}`);
    else line(`${name} started`);

    function update(done: number, total: number, note = ""): void {
      const share = total === 0 ? 0 : Math.min(1, done / total);
      const numbers = total === 0 ? "" : `${done.toLocaleString("en")} of ${total.toLocaleString("en")}`;
      const text = `${numbers}${note === "" ? "" : `${numbers === "" ? "" : "  "}${note}`}`;
      if (interactive) {
        draw(`${name} ${bar(share)} ${text}`);
      } else if (Math.floor(share * 10) > tenth && share < 1) {
        tenth = Math.floor(share * 10);
        line(`${name} ${tenth * 10}%  ${text}`);
      }
    }

    function done(result: string): void {
      const seconds = ((now() - started) / 1000).toFixed(1).padStart(5);
      line(`${interactive ? "\u001b[32m✓\u001b[0m " : ""}${name} ${seconds} s  ${result}`);
    }

    return { update, done };
  }

  function draw(text: string): void {
    const width = Math.max(20, (output.columns ?? 100) - 1);
    output.write(`\r\u001b[2K${text.slice(0, width)}`);
    drawn = true;
  }

  return { stage, line };
}

function bar(share: number): string {
  const filled = Math.round(share * barWidth);
  return "█".repeat(filled) + "░".repeat(barWidth - filled);
}
