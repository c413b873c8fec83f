import { cut } from "./terminal.ts";
import type { Terminal } from "./types.ts";

/** Says that something takes long. Silent for the first second, so quick commands stay quiet. */
export interface Progress {
  say(text: string): void;
  end(): void;
}

const quietMs = 1000;
const redrawMs = 120;
const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** On a terminal one line that is redrawn with the seconds so far; in a pipe one plain line for each new text. */
export function startProgress(terminal: Terminal, doing: string): Progress {
  const started = performance.now();
  let text = doing;
  let printed = "";
  let frame = 0;
  let loud = false;

  function draw(): void {
    const seconds = Math.floor((performance.now() - started) / 1000);
    if (terminal.isErrorTerminal) {
      frame = (frame + 1) % frames.length;
      terminal.error(`\r\u001B[2K${frames[frame]} ${cut(text, Math.max(10, terminal.columns - 10))} ${seconds} s`);
    } else if (printed !== text) {
      printed = text;
      terminal.error(`${text} (${seconds} s)\n`);
    }
    loud = true;
  }

  let interval: NodeJS.Timeout | undefined;
  const timer = setTimeout(() => {
    draw();
    interval = setInterval(draw, redrawMs);
  }, quietMs);
  return {
    say: (next) => {
      text = next;
    },
    end: () => {
      clearTimeout(timer);
      clearInterval(interval);
      if (loud && terminal.isErrorTerminal) terminal.error("\r\u001B[2K");
    },
  };
}
