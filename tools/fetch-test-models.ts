import { installTestAiSdk } from "./test-ai-sdk.ts";
import { installTestLlama } from "./test-llama.ts";
import { fetchTestModel, minilm, minilmTokenizer, smollm } from "./test-models.ts";

// What cannot be had is told and is no failure: the tests that need it are skipped, and say so. A wrong file is one.
for (const model of [smollm, minilm, minilmTokenizer]) {
  const fetched = await fetchTestModel(model);
  if (fetched.state === "away")
    process.stdout.write(`${model.file} cannot be had here (${fetched.reason}); tests with it will be skipped.\n`);
  else process.stdout.write(`${model.file} ${fetched.state === "there" ? "was there" : "was fetched"}: ${fetched.path}\n`);
}
for (const [name, install] of [
  ["node-llama-cpp", installTestLlama],
  ["packages of the AI SDK", installTestAiSdk],
] as const) {
  const installed = await install();
  if ("reason" in installed) process.stdout.write(`${name}: cannot be had here (${installed.reason}); tests with it will be skipped.\n`);
  else process.stdout.write(`${name}: installed in ${installed.path}\n`);
}
