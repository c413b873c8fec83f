import { localModels, localProvider } from "../local-models.ts";

interface Checked {
  readonly onnx: object;
  readonly providers: object;
  readonly cache: { readonly semantic?: { readonly embedder: string } | undefined };
}

/** Names that mean something else already, or nothing. */
export function checkEncoders({ onnx, providers, cache }: Checked) {
  const names = Object.keys(onnx);
  const problems = names
    .filter((name) => localModels.includes(name))
    .map((name) => ({ path: ["onnx", name], message: `${localProvider}/${name} is an encoder of ours: give yours another name` }));
  if (names.length > 0 && Object.hasOwn(providers, localProvider))
    problems.push({
      path: ["providers", localProvider],
      message: `encoders of gateway.onnx are asked for as ${localProvider}/<model>: give this provider another name`,
    });
  const here = [...localModels, ...names].map((name) => `${localProvider}/${name}`);
  const embedder = cache.semantic?.embedder ?? "lexical";
  if (embedder !== "lexical" && !here.includes(embedder))
    problems.push({
      path: ["cache", "semantic", "embedder"],
      message: `there is no encoder "${embedder}" here; known are ${here.join(", ")}`,
    });
  return problems;
}
