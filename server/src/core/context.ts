/** Who acts, and in which project. Every operation below the edge takes one. */
export interface Context {
  readonly projectId: string;
  /** The key, user or agent that acts; `system:<module>` for our own work. */
  readonly principalId: string;
  /** Set at the edge; ties log lines, audit entries and problem details together. */
  readonly requestId?: string;
  readonly signal?: AbortSignal;
}

/** The project that exists from the first migration. */
export const defaultProjectId = "00000000-0000-7000-8000-000000000001";

/** The context of our own background work. */
export function systemContext(module: string, projectId: string = defaultProjectId): Context {
  return { projectId, principalId: `system:${module}` };
}
