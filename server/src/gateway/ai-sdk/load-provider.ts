import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { AppError, isSecret } from "../../core/index.ts";
import { findPackage } from "../find-package.ts";
import type { AiSdkRules } from "./config.ts";
import type { LanguageModel } from "./language-model.ts";

export interface AiSdkProvider {
  readonly specificationVersion?: string;
  languageModel(model: string): LanguageModel;
}

type Factory = (settings: Readonly<Record<string, unknown>>) => AiSdkProvider;

/** Of `@ai-sdk/provider`: another's prompts and answers are shaped otherwise. */
const specification = "v4";

/** Makes a package's provider. `config_invalid` says what is missing, where, and what to do. */
export function loadProvider(rules: AiSdkRules, settings: Readonly<Record<string, unknown>>, where: WhereFrom): AiSdkProvider {
  const file = findPackage({ name: rules.package, path: where.path }, where.folders);
  const factory = findFactory(createRequire(file)(fileURLToPath(file)) as Record<string, unknown>, rules, where.path);
  const provider = factory({ ...revealed(rules.options), ...settings });
  if (provider.specificationVersion === specification) return provider;
  throw wrong(
    `${where.path}.package`,
    `${rules.package} speaks version ${provider.specificationVersion ?? "2 or older"} of the AI SDK's specification, and ${specification} is spoken here: install its newest version`,
  );
}

/** Some providers have secrets of several names. */
function revealed(options: AiSdkRules["options"]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, isSecret(value) ? value.reveal() : value]));
}

interface WhereFrom {
  /** Where the configuration asks for it. */
  readonly path: string;
  readonly folders: readonly string[];
}

function findFactory(module: Record<string, unknown>, rules: AiSdkRules, path: string): Factory {
  const names = Object.keys(module).filter((name) => name.startsWith("create") && typeof module[name] === "function");
  if (rules.export !== undefined) {
    const found = Object.hasOwn(module, rules.export) ? module[rules.export] : undefined;
    if (typeof found === "function") return found as Factory;
    throw wrong(
      `${path}.export`,
      `${rules.package} has no function "${rules.export}"; it has ${names.join(", ") || "none that makes a provider"}`,
    );
  }
  // Old names of the same function are kept beside the new one.
  const [factory, another] = new Set(names.map((name) => module[name] as Factory));
  if (factory !== undefined && another === undefined) return factory;
  throw wrong(
    `${path}.export`,
    `name what makes the provider in ${rules.package}: ${names.join(", ") || "no export of it begins with create"}`,
  );
}

function wrong(path: string, message: string): AppError {
  return new AppError("config_invalid", `${path}: ${message}.`, { details: { issues: [{ path, message }] } });
}
