import { localModels, localProvider } from "../local-models.ts";

/** Names that mean something else already. */
export function checkEncoders({ onnx, providers }: { readonly onnx: object; readonly providers: object }) {
  const names = Object.keys(onnx);
  const problems = names
    .filter((name) => localModels.includes(name))
    .map((name) => ({ path: ["onnx", name], message: `${localProvider}/${name} is an encoder of ours: give yours another name` }));
  if (names.length > 0 && Object.hasOwn(providers, localProvider))
    problems.push({
      path: ["providers", localProvider],
      message: `encoders of gateway.onnx are asked for as ${localProvider}/<model>: give this provider another name`,
    });
  return problems;
}
