import { AppError } from "./errors.ts";

/** A reference to a secret by name. It is resolved at use and never printed, stored or hashed. */
export class Secret {
  readonly secretName: string;

  constructor(secretName: string) {
    this.secretName = secretName;
  }

  /** The value from the environment, or `secret_missing`. */
  reveal(): string {
    const value = readEnvironment(this.secretName);
    if (value === undefined || value === "") {
      throw new AppError("secret_missing", `The environment variable ${this.secretName} is not set.`, {
        details: { variable: this.secretName },
      });
    }
    return value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): { secret: string } {
    return { secret: this.secretName };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}

/** Names a secret in `millrace.config.ts`: `secret("OPENAI_API_KEY")`. */
export function secret(name: string): Secret {
  return new Secret(name);
}

/** The only place that reads `process.env`. */
export function readEnvironment(name: string): string | undefined {
  return process.env[name];
}
