import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEgress, egressConfigSchema, silentLogger, systemClock } from "../../core/index.ts";
import { configSchema } from "../config.ts";
import { type Gateway, createGateway } from "../create.ts";

/**
 * Stands where the package would: each word is a token. It says the user's words again, unless the first is
 * `crash` (dies after a word), `hang` (hears nobody), `endless` (until it is stopped), `fail`, `pid` (its process), or `grammar` (what its answer is held to).
 */
const source = `
  const { setTimeout: sleep } = require("node:timers/promises");
  const sequence = { tokenMeter: { usedOutputTokens: 0 } };
  exports.getLlama = async () => ({
    getGrammarFor: async (type) => ({ says: type }),
    createGrammarForJsonSchema: async (schema) => ({ says: JSON.stringify(schema) }),
    loadModel: async ({ modelPath }) => {
      if (require("node:fs").readFileSync(modelPath, "utf8") !== "GGUF") throw new Error("this is no GGUF file");
      return { tokenizer: {}, createContext: async ({ contextSize = 64 }) => ({ contextSize, getSequence: () => sequence }) };
    },
  });
  exports.LlamaChat = class {
    chatWrapper = {
      generateContextState: ({ chatHistory }) => ({
        contextText: { tokenize: () => chatHistory.flatMap(({ text, response = [] }) => (text ?? response.join("")).split(" ").filter(Boolean)) },
      }),
    };
    async generateResponse(history, { signal, maxTokens, customStopTriggers = [], seed, grammar, onResponseChunk }) {
      const [act, ...words] = history.at(-2).text.split(" ");
      const end = (stopReason, customStopTrigger) => ({ metadata: { stopReason, customStopTrigger } });
      const say = (text, rest = {}) => { sequence.tokenMeter.usedOutputTokens += 1; onResponseChunk({ text, ...rest }); };
      if (act === "fail") throw new Error("out of memory");
      if (act === "crash") { say("Well"); await sleep(20); process.kill(process.pid, "SIGKILL"); await sleep(10000); }
      if (act === "hang") { say("Well"); for (;;) await sleep(1000); }
      if (act === "endless") { for (;;) { if (signal.aborted) return end("abort"); say("on "); await sleep(5); } }
      if (act === "think") say("Hm.", { type: "segment", segmentType: "thought" });
      if (act === "nothing") return end("eogToken");
      if (act === "pid") words.splice(0, words.length, String(process.pid));
      if (act === "seed") words.splice(0, words.length, String(seed));
      if (act === "grammar") words.splice(0, words.length, grammar === undefined ? "none" : grammar.says);
      if (act === "history") words.splice(0, words.length, JSON.stringify(history));
      for (const [index, word] of words.entries()) {
        if (index >= maxTokens) return end("maxTokens");
        if (customStopTriggers.includes(word)) return end("customStopTrigger", [word]);
        say((index === 0 ? "" : " ") + word);
      }
      return end("eogToken");
    }
  };
`;

/** A folder with the package and a model, and one without. */
export function makeLlamaFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-test-local-"));
  const place = join(folder, "node_modules/node-llama-cpp");
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "package.json"), JSON.stringify({ name: "node-llama-cpp", version: "0.0.0", main: "index.js" }));
  writeFileSync(join(place, "index.js"), source);
  writeFileSync(join(folder, "small.gguf"), "GGUF");
  writeFileSync(join(folder, "broken.gguf"), "a letter");
  return folder;
}

export function openLocalGateway(folder: string, config: Record<string, unknown> = {}): Gateway {
  return createGateway({
    config: configSchema.parse({ local: { small: { path: join(folder, "small.gguf") } }, ...config }),
    egress: createEgress({ config: egressConfigSchema.parse({ hosts: [] }), logger: silentLogger }),
    clock: systemClock,
    packageFolders: [folder],
  });
}
