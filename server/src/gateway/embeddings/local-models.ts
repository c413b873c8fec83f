/** Models that make sentence embeddings on this machine are asked for as `onnx/<model>`. */
export const localProvider = "onnx";
/** Those that come with the program. */
export const localModels: readonly string[] = ["use-lite"];
