import { AppError, type Context, type Logger } from "../core/index.ts";
import { isDeclared, localiseBinding, resolveVariant } from "./bindings.ts";
import { type ServingPlan, planServing } from "./serving-plan.ts";
import type { Arms, Binding, FunctionDefinition, Variant } from "./types.ts";
import { type VariantSurroundings, variantKinds } from "./variants/index.ts";

/** One function of one project as this node serves it: which bindings are loaded, and the plan made of them. */
export class FunctionRuntime {
  readonly definition: FunctionDefinition;
  /** Our own work in the project it serves. */
  readonly context: Context;
  readonly #around: VariantSurroundings;
  readonly #logger: Logger;
  readonly #keepBinding: (binding: Binding) => Promise<void>;
  readonly #opened = new Map<string, Variant>();
  readonly #defaults = new Map<string, Variant>();
  readonly #problems = new Map<string, string>();
  #arms: Arms;
  #plan: ServingPlan;
  #count = 0;
  #work: Promise<void> = Promise.resolve();

  /** `keepBinding` writes a binding's row: evidence never points at a binding that is not in the table. */
  constructor(around: VariantSurroundings, logger: Logger, keepBinding: (binding: Binding) => Promise<void>) {
    const { definition } = around;
    this.definition = definition;
    this.context = around.context;
    this.#around = around;
    this.#logger = logger;
    this.#keepBinding = keepBinding;
    this.#arms = { function: definition.name, release: null, arms: [] };
    this.#plan = planServing({ definition, arms: this.#arms, opened: this.#opened, defaults: this.#defaults, previous: undefined });
  }

  plan(): ServingPlan {
    return this.#plan;
  }

  /** Numbers requests, for the choice of the arm. */
  count(): number {
    return this.#count++;
  }

  arms(): Arms {
    return this.#arms;
  }

  /** Takes up what the tables say now: loads what is new, and only then sends it traffic. Calls queue up. */
  follow(arms: Arms, bindings: ReadonlyMap<string, Binding>): Promise<void> {
    this.#work = this.#work.then(() => this.#follow(arms, bindings));
    return this.#work;
  }

  /** The loaded variant of a binding's hash or a variant's name, if it serves here. */
  loaded(key: { readonly binding?: string | undefined; readonly variant?: string | undefined }): Variant | undefined {
    if (key.binding !== undefined)
      return (
        this.#opened.get(key.binding) ??
        [...this.#opened.values(), ...this.#defaults.values()].find((variant) => variant.binding.hash === key.binding)
      );
    const arm = this.#arms.arms.find((each) => each.role === "stable" && each.variant === key.variant);
    return (arm === undefined ? undefined : this.#opened.get(arm.binding)) ?? this.#defaults.get(key.variant!);
  }

  /** Hashes of loaded bindings, as the tables name them and as this node runs them. */
  readyBindings(): string[] {
    const hashes = [...this.#opened].flatMap(([hash, variant]) => [hash, variant.binding.hash]);
    return [...new Set([...hashes, ...[...this.#defaults.values()].map((variant) => variant.binding.hash)])];
  }

  /** Why this function does not serve what the tables say; empty when it does. */
  problems(): string[] {
    return [...this.#problems.values()];
  }

  async #follow(arms: Arms, bindings: ReadonlyMap<string, Binding>): Promise<void> {
    this.#arms = arms;
    this.#problems.clear();
    for (const arm of arms.arms) await this.#open(arm.binding, bindings.get(arm.binding));
    await this.#openDefaults();
    this.#plan = planServing({ definition: this.definition, arms, opened: this.#opened, defaults: this.#defaults, previous: this.#plan });
    const named = new Set(arms.arms.map((arm) => arm.binding));
    const serving = new Set(
      [...this.#plan.stable.chain, ...this.#plan.canaries.flatMap((canary) => canary.arm.chain)].map((candidate) => candidate.variant),
    );
    for (const [hash, variant] of this.#opened) if (!named.has(hash) && !serving.has(variant)) this.#opened.delete(hash);
  }

  async #open(hash: string, binding: Binding | undefined): Promise<void> {
    if (this.#opened.has(hash)) return;
    const name = this.definition.name;
    try {
      if (binding === undefined) throw new AppError("not_found", `there is no binding ${hash}`);
      this.#opened.set(hash, await this.openLocally(binding));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#problems.set(hash, `Function "${name}": ${reason.replace(/\.$/, "")}.`);
      this.#logger.warn({ function: name, binding: hash, error }, "a binding could not be loaded");
    }
  }

  /** The rest of the chain: each variant after the stable one, in the version its declaration names now. */
  async #openDefaults(): Promise<void> {
    const stable = this.#arms.arms.find((arm) => arm.role === "stable");
    const from = stable === undefined ? 0 : this.definition.fallback.indexOf(stable.variant) + 1;
    for (const name of this.definition.fallback.slice(from)) {
      try {
        const binding = await this.resolve(name);
        if (binding === null || this.#defaults.get(name)?.binding.hash === binding.hash) continue;
        this.#defaults.set(name, await this.openVariant(binding));
      } catch (error) {
        this.#logger.warn({ function: this.definition.name, variant: name, error }, "a fallback variant could not be loaded");
      }
    }
  }

  /** Opens a binding from the table as this node can run it. */
  async openLocally(binding: Binding): Promise<Variant> {
    if (!isDeclared(this.definition, binding))
      throw new AppError("config_invalid", `this node's configuration has no ${binding.kind} variant "${binding.variant}"`);
    const local = await localiseBinding(binding, this.#around);
    if (local === null) throw new AppError("model_not_ready", `"${binding.variant}" cannot be bound here`);
    return this.openVariant(local);
  }

  /** The binding a variant's name resolves to now; null when something it needs does not exist. */
  resolve(variant: string, versions?: Readonly<Record<string, number>>): Promise<Binding | null> {
    return resolveVariant(variant, { ...this.#around, versions });
  }

  /** Opens what this node runs for a binding. */
  async openVariant(binding: Binding): Promise<Variant> {
    await this.#keepBinding(binding);
    return variantKinds[binding.kind].open(this.definition.variants[binding.variant] as never, binding, this.#around);
  }
}
