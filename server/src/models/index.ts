export { type ModelsConfig, configSchema } from "./config.ts";
export { type ModelsDeps, createModels } from "./create.ts";
export { type Attribute, type Graph, type Node as OnnxNode, type Tensor as OnnxTensor, elementType, writeOnnx } from "./onnx/model.ts";
export type { TextPreparation } from "./text-input.ts";
export type * from "./types.ts";
