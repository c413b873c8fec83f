import { type Clock, type Egress, type Logger, createRandom, silentLogger } from "../core/index.ts";
import { type AbuseGuard, createAbuseGuard } from "./abuse/index.ts";
import { AttemptBook } from "./attempt-book.ts";
import { createAsk } from "./ask-targets.ts";
import { noteBetas } from "./betas.ts";
import { type Budgets, createBudgetStage, createBudgets } from "./budgets/index.ts";
import { type AuditPort, type Cache, type Embedder, createCache } from "./cache/index.ts";
import { estimateTokens } from "./budgets/estimate-tokens.ts";
import type { GatewayConfig } from "./config.ts";
import { type CountedRequest, type TokenCount, countRequest } from "./count-request.ts";
import { dialects } from "./dialects/index.ts";
import { type Embeddings, createEmbeddings, createEncoders, createVectorMemory, resolveEmbedder } from "./embeddings/index.ts";
import { type AskVectors, createAskVectors } from "./nearness/index.ts";
import { createNativeSources } from "./native/create.ts";
import { createCountStage } from "./money/count-stage.ts";
import { createTokenCounter } from "./money/count-tokens.ts";
import { createPriceTable } from "./money/price-table.ts";
import { sumLostStage } from "./money/sum-attempts.ts";
import { type ProviderBatches, createProviderBatches } from "./provider-batches/index.ts";
import { type Question, askQuestion } from "./question.ts";
import { createTargetBoard } from "./reliability/target-board.ts";
import { type ModelReport, reportModels } from "./report-models.ts";
import { type ResolvedModel, resolveModel } from "./resolve-model.ts";
import { createAdmitStage, createCapabilityTable, createExamples, createLatencyBook, createRouteStage } from "./routing/index.ts";
import { openSharedStore } from "./shared-store/open.ts";
import { type Ask, type CallOutcome, type Stage, inStages } from "./stage.ts";
import type { ChatRequest, Dialect, DialectName } from "./types.ts";

export interface GatewayDeps {
  readonly config: GatewayConfig;
  readonly egress: Egress;
  readonly clock: Clock;
  readonly logger?: Logger;
  /** For what is made once from files of a package: the encoder. Without it `onnx/<model>` is not there. */
  readonly cacheFolder?: string;
  /** What says how alike two questions are, instead of what is configured. */
  readonly embedder?: Embedder;
  readonly audit?: AuditPort;
  /** Where packages are looked for that the program's user installs; absent: the folder it is started in, then beside ours. */
  readonly packageFolders?: readonly string[];
}

/** Foundation models behind one door. */
export interface Gateway {
  readonly maxBodyBytes: number;
  /** From what everybody may see to what nearly nobody may. */
  readonly dataClasses: readonly string[];
  dialect(name: DialectName): Dialect;
  /** `unknown_model` */
  resolve(model: string): ResolvedModel;
  /** The names a caller may use that are known by name. */
  models(): { readonly name: string; readonly provider: string }[];
  /** Names and targets as this node sees them. */
  report(): ModelReport;
  /** Throws before the first byte, with every attempt in the evidence; afterwards a stream tells its own end. */
  readonly call: Ask;
  /** The same on behalf of our own code, in no dialect; what broke a stream off is the outcome's error. */
  ask(question: Question): Promise<CallOutcome>;
  readonly embeddings: Embeddings;
  /** The same for our own code: at a short clock, in any case as one step with its cost. */
  readonly vectors: AskVectors;
  /** Many questions at once, at the price of a provider's batch. */
  readonly batches: ProviderBatches;
  /** How many tokens a request in Anthropic's dialect is, and who counted. */
  countTokens(counted: CountedRequest): Promise<TokenCount>;
  /** About how many tokens what would be asked of a model is, without asking anybody: at once, and by its first target's tokenizer. */
  estimate(model: string, asked: Prompt): number;
  /** Null where nobody can count now. */
  count(model: string, asked: Prompt): Promise<number | null>;
  readonly budgets: Pick<Budgets, "list" | "meter">;
  readonly cache: Pick<Cache, "report" | "clear" | "forget">;
  /** Tells of a call that was refused before it came here. */
  readonly refused: AbuseGuard["refused"];
  /** Lets go of what it shares with other nodes. */
  close(): void;
}

type Prompt = Pick<ChatRequest, "system" | "messages">;

export function createGateway(deps: GatewayDeps): Gateway {
  const { config, egress, clock, logger = silentLogger } = deps;
  for (const provider of Object.values(config.providers)) if (provider.aiSdk === undefined) egress.check(provider.baseUrl);
  const packageFolders = deps.packageFolders ?? [process.cwd(), import.meta.dirname];
  const native = createNativeSources(config, { egress, clock, packageFolders });
  const prices = createPriceTable(config.prices);
  const counter = createTokenCounter();
  const store = openSharedStore(config.redis, logger);
  const budgets = createBudgets({ budgets: config.budgets, store, clock });
  const abuse = createAbuseGuard(config.abuse, { clock, store });
  const { embedder, audit } = deps;
  const cache = createCache({
    config: config.cache,
    clock,
    logger,
    again: (each) => call(each),
    encode: (model, texts, signal) => encoder.encode(model, texts, signal),
    embedder,
    audit,
  });
  const capabilities = createCapabilityTable(config.capabilities);
  const latencies = createLatencyBook(clock);
  const admit = createAdmitStage({ dataClasses: config.dataClasses, capabilities });
  const vectors: AskVectors = (question) => askVectors(question);
  const examples = createExamples(vectors, logger);
  const route = createRouteStage({
    clock,
    random: createRandom(clock.now()),
    prices,
    latencies,
    capabilities,
    pointsOf: examples.pointsOf,
  });
  const count = createCountStage({ counter, prices, now: () => clock.now() });
  const budget = createBudgetStage({ meter: budgets.meter, prices, clock });
  /** In the order in which a call meets them, the providers last. */
  const stages: readonly Stage[] = [noteBetas, abuse.stage, admit, budget, ...cache.stages, sumLostStage, route, count];
  const board = createTargetBoard({ clock, random: createRandom(clock.now()) });
  const staged: Ask = inStages(stages, createAsk({ egress, native, clock, prices, latencies, board }));
  const call: Ask = (each) => staged(each.book === undefined ? { ...each, book: new AttemptBook() } : each);
  const resolve = (model: string) => resolveModel(model, config);
  const encoder = createEncoders({ cacheFolder: deps.cacheFolder, imported: config.onnx });
  const counting = { egress, counter, meter: budgets.meter, now: () => clock.now(), dataClasses: config.dataClasses };
  const embeddings = createEmbeddings({
    egress,
    clock,
    prices,
    encoder,
    meter: budgets.meter,
    memory: createVectorMemory(config.vectorMemoryBytes),
    countTexts: counter.countTexts,
    resolve: (model) => resolveEmbedder(model, config),
  });
  const askVectors = createAskVectors({
    call: embeddings.call,
    resolve: embeddings.resolve,
    dataClasses: config.dataClasses,
    clock,
  });
  examples.warm(config.models);

  return {
    maxBodyBytes: config.maxBodyBytes,
    dataClasses: config.dataClasses,
    dialect: (name) => dialects[name],
    resolve,
    models: () => Object.entries(config.models).map(([name, { targets }]) => ({ name, provider: targets[0]!.split("/")[0]! })),
    report: () => reportModels({ config, board, prices, clock }),
    call,
    ask: (question) => askQuestion(question, { call, resolve, clock }),
    vectors,
    embeddings: { ...embeddings, call: (each) => abuse.guard(each, embeddings.call) },
    batches: createProviderBatches({ egress, clock, prices, resolve, admit, meter: budgets.meter }),
    countTokens: (counted) => abuse.guard(counted, (each) => countRequest(each, counting)),
    estimate: (model, asked) => estimateTokens(promptOf(model, asked)),
    count: (model, asked) => counter.countTokens(promptOf(model, asked), resolve(model).targets[0]!.model),
    budgets,
    cache,
    refused: abuse.refused,
    close() {
      cache.close();
      store?.connection.close();
      for (const source of Object.values(native)) source.close();
      void counter.close();
      void encoder.close();
    },
  };
}

function promptOf(model: string, { system, messages }: Prompt): ChatRequest {
  return { model, system, messages, stream: false, maxTokens: null, foreign: {} };
}
