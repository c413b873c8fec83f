/** A question of a function, and the output that a person said is right for it. */
export interface Demonstration {
  readonly inferenceId: string;
  readonly input: Record<string, unknown>;
  readonly output: Record<string, unknown>;
  /** What its caller raised its data to, if anything: no provider of another class may see it. */
  readonly dataClass: string | null;
}

/** What functions ask of feedback about answers that are worth showing. */
export interface DemonstrationsPort {
  /** The newest of each label, newest first; the same list until it is another. */
  demonstrations(projectId: string, functionName: string): Promise<readonly Demonstration[]>;
  /** Its inference was erased: it is shown to nobody from here on. */
  forgetDemonstration(inferenceId: string): void;
}
