import { z } from "zod";

/** What of a provider's configuration an AI SDK package is made with. */
export const aiSdkFields = {
  /** By its name, installed by the program's user: `@ai-sdk/google`. */
  package: z.string().regex(/^(@[a-z0-9._-]+\/)?[a-z0-9._-]+$/, "the name of a package"),
  /** What makes the provider: `createGoogleGenerativeAI`. Absent: the package's only export whose name begins with `create`. */
  export: z.string().min(1).max(100).optional(),
  /** Handed to it as they are: `{ baseURL, name, region }`. */
  options: z.record(z.string(), z.unknown()).default({}),
} as const;

export interface AiSdkRules {
  readonly package: string;
  readonly export?: string | undefined;
  readonly options: Readonly<Record<string, unknown>>;
}
