import { z } from "zod";
import { AppError } from "./errors.ts";

/** Says of an object that it is a secret, also when the configuration came with a copy of this module of its own. */
const secretMark = Symbol.for("millrace.secret");

/** A reference to a secret by name. It is resolved at use and never printed, stored or hashed: it does not hold the value. */
export class Secret {
  readonly secretName: string;
  readonly #prefix: string;

  constructor(secretName: string, prefix = "") {
    this.secretName = secretName;
    this.#prefix = prefix;
  }

  /** The value from the environment, or `secret_missing`. */
  reveal(): string {
    const value = readEnvironment(this.secretName);
    if (value === undefined || value === "") {
      throw new AppError("secret_missing", `The environment variable ${this.secretName} is not set.`, {
        details: { variable: this.secretName },
      });
    }
    return this.#prefix + value;
  }

  get [secretMark](): true {
    return true;
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

/** A secret as the value of an `authorization` header. */
export function bearer(token: Secret): Secret {
  return new Secret(token.secretName, "Bearer ");
}

export function isSecret(value: unknown): value is Secret {
  return typeof value === "object" && value !== null && secretMark in value;
}

/** A setting that takes `secret("NAME")`, and no text: what is written into a configuration is stored with it. */
export const secretSchema = z.custom<Secret>(isSecret, { error: 'name a secret: secret("NAME") stands for the environment variable NAME' });

/** `secret_missing` when a secret that the settings name is not set, with each one's path. */
export function checkSecrets(settings: unknown): void {
  const missing = [...secretsIn(settings, "")].filter(({ value }) => !isSet(value));
  if (missing.length === 0) return;
  const list = missing.map(({ path, value }) => `${value.secretName} (${path})`).join(", ");
  throw new AppError("secret_missing", `The configuration names secrets whose environment variables are not set: ${list}.`, {
    details: { variables: missing.map(({ value }) => value.secretName), paths: missing.map(({ path }) => path) },
  });
}

function isSet({ secretName }: Secret): boolean {
  return (readEnvironment(secretName) ?? "") !== "";
}

function* secretsIn(value: unknown, path: string): Generator<{ path: string; value: Secret }> {
  if (isSecret(value)) yield { path, value };
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* secretsIn(item, `${path}[${index}]`);
  else if (typeof value === "object" && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null))
    for (const [name, item] of Object.entries(value)) yield* secretsIn(item, path === "" ? name : `${path}.${name}`);
}

/** The only place that reads `process.env`. */
export function readEnvironment(name: string): string | undefined {
  return process.env[name];
}
