// Low-rank adapters (LoRA, Hu et al. 2021): W + α/r · B·A with A [r, in] and B [out, r] trained and W kept.
// PhoneLM's function-call recipe: rank 8, α 16, on all linear layers.
import { createRandom } from "../random.ts";
import type { Spec } from "../spec/spec.ts";
import type { ParameterShape, Parameters } from "../tensor/parameters.ts";
import { blockNames, tensorShapes } from "./layout.ts";

/** Size and strength of the adapters. */
export interface LoraOptions {
  rank: number;
  /** The product is scaled by alpha / rank. */
  alpha: number;
}

/** The names of a matrix's adapters, as Hugging Face peft has them. */
export function adapterNames(matrix: string): { a: string; b: string } {
  const stem = matrix.replace(/\.weight$/, "");
  return { a: `${stem}.lora_A.weight`, b: `${stem}.lora_B.weight` };
}

/** Shapes of the adapters of every linear layer; embedding and head have none. */
export function adapterShapes(spec: Spec, rank: number): ParameterShape[] {
  return adapted(spec).flatMap(({ name, shape }) => {
    const { a, b } = adapterNames(name);
    return [
      { name: a, shape: [rank, shape[1]!] },
      { name: b, shape: [shape[0]!, rank] },
    ];
  });
}

/** Fills A uniformly in ±1/√in, B with zeros: training starts from the model as it is. */
export function initializeAdapters(adapters: Parameters, spec: Spec, seed: number): void {
  for (const { name } of adapted(spec)) {
    const { a, b } = adapterNames(name);
    const random = createRandom(seed, "lora", name);
    const bound = 1 / Math.sqrt(adapters.get(a).cols);
    const values = adapters.view(a);
    for (let i = 0; i < values.length; i++) values[i] = (2 * random.float() - 1) * bound;
    adapters.view(b).fill(0);
  }
}

/** Adds α/r · B·A to the matrix [out, in] in place, when it has adapters. */
export function mergeAdapter(
  matrix: Float32Array,
  name: string,
  adapters: Parameters,
  { rank, alpha }: LoraOptions,
): void {
  const { a, b } = adapterNames(name);
  if (!adapters.has(a)) return;
  const A = adapters.view(a);
  const B = adapters.view(b);
  const columns = A.length / rank;
  for (let i = 0; i < B.length / rank; i++) {
    for (let k = 0; k < rank; k++) {
      const factor = (alpha / rank) * B[i * rank + k]!;
      for (let j = 0; j < columns; j++) matrix[i * columns + j]! += factor * A[k * columns + j]!;
    }
  }
}

function adapted(spec: Spec): ParameterShape[] {
  const names = new Set<string | undefined>();
  for (let i = 0; i < spec.layers; i++) {
    const { query, key, value, output, gate, up, down } = blockNames(spec, i);
    for (const name of [query, key, value, output, gate, up, down]) names.add(name);
  }
  return tensorShapes(spec).filter(({ name }) => names.has(name));
}
