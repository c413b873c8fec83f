import { type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Structured logs on stderr, so stdout stays for what a program reads. */
export function createLogger(level: string = "info"): Logger {
  return pino(
    {
      level,
      base: undefined,
      redact: {
        paths: ["authorization", "*.authorization", "cookie", "*.cookie", "key", "*.key", "secret", "*.secret"],
        censor: "[secret]",
      },
    },
    pino.destination({ dest: 2, sync: false }),
  );
}

export const silentLogger: Logger = pino({ level: "silent" });
