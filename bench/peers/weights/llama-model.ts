// A trained model for llama.cpp: its "llama" architecture with every matrix in Q4_0, embedding and tied head included.
// The vocabulary is a dummy: tokens go in and out as ids.
import { ggufLayouts, ggufName, interleavedHeads, joinHalves } from "../../../src/gguf/layouts.ts";
import { type GgufTensorToWrite, saveGguf } from "../../../src/gguf/write.ts";
import type { NamedTensor } from "../../../src/model/index.ts";
import { packGgml } from "../../../src/quant/ggml-pack.ts";
import type { Spec } from "../../../src/spec/spec.ts";
import { llamaMetadata } from "./llama-file.ts";

/** Writes the weights of a model with RMSNorm, a gate, SiLU and tied embeddings. */
export async function writeLlamaModel(path: string, spec: Spec, tensors: readonly NamedTensor[]): Promise<void> {
  const layout = ggufLayouts.find(({ name }) => name === "llama")!;
  const stored = tensors.map(({ name, shape, data }): GgufTensorToWrite => {
    const type = shape.length === 1 ? "F32" : "Q4_0";
    const heads = interleavedHeads(layout, name, spec);
    const values = heads === null ? data : joinHalves(data, heads, spec.headSize);
    return { name: ggufName(layout, name).name, shape, type, data: () => [packGgml(type, values)] };
  });
  await saveGguf(path, llamaMetadata(spec), stored);
}
