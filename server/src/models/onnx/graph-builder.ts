import { type Attribute, type ElementType, type Node, type Tensor, type ValueInfo, elementType, writeOnnx } from "./model.ts";

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Empty for the standard operators. */
  readonly domain?: string;
  /** The output's name, where it is the graph's own. */
  readonly output?: string;
}

/** Puts a graph together node by node and makes up the names between them (`#1`, `#2`, ...). The same calls give the same file. */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #constants: Tensor[] = [];
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];
  #names = 0;

  /** A vector [N]. Answers its name. */
  input(name: string, type: ElementType): string {
    this.#inputs.push({ name, type, shape: ["N"] });
    return name;
  }

  /** A node with one output. Answers the output's name. */
  add(operator: string, inputs: readonly string[], { output = this.#name(), ...options }: NodeOptions = {}): string {
    this.#nodes.push({ operator, inputs, outputs: [output], ...options });
    return output;
  }

  /** A constant; by default a vector, with an empty shape a scalar. Answers its name. */
  constant(data: Tensor["data"], shape: readonly number[] = [data.length]): string {
    const name = this.#name();
    this.#constants.push({ name, shape, data });
    return name;
  }

  floats(...values: number[]): string {
    return this.constant(Float32Array.from(values));
  }

  /** Declares an output that a node has written. */
  output(name: string, type: ElementType, shape: readonly (number | string)[]): void {
    this.#outputs.push({ name, type, shape });
  }

  /** [N] as [N, 1]. */
  asMatrix(vector: string): string {
    return this.add("Unsqueeze", [vector, this.constant(BigInt64Array.of(1n))]);
  }

  asFloat(tensor: string): string {
    return this.add("Cast", [tensor], { attributes: { to: elementType.float } });
  }

  /** Matrices [N, a], [N, b], ... side by side. */
  join(matrices: readonly string[]): string {
    return matrices.length === 1 ? matrices[0]! : this.add("Concat", matrices, { attributes: { axis: 1 } });
  }

  finish(): Uint8Array {
    return writeOnnx({ nodes: this.#nodes, constants: this.#constants, inputs: this.#inputs, outputs: this.#outputs });
  }

  #name(): string {
    this.#names += 1;
    return `#${this.#names}`;
  }
}
