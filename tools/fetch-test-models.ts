import { installTestLlama } from "./test-llama.ts";
import { fetchTestModel, minilm, minilmTokenizer, smollm } from "./test-models.ts";

// What cannot be had is told and is no failure: the tests that need it are skipped, and say so. A wrong file is one.
for (const model of [smollm, minilm, minilmTokenizer]) {
  const fetched = await fetchTestModel(model);
  if (fetched.state === "away")
    process.stdout.write(`${model.file} cannot be had here (${fetched.reason}); tests with it will be skipped.\n`);
  else process.stdout.write(`${model.file} ${fetched.state === "there" ? "was there" : "was fetched"}: ${fetched.path}\n`);
}
const installed = await installTestLlama();
if ("reason" in installed)
  process.stdout.write(`node-llama-cpp cannot be had here (${installed.reason}); tests with it will be skipped.\n`);
else process.stdout.write(`node-llama-cpp is installed: ${installed.path}\n`);
