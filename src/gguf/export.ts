// A model, from a directory or from another GGUF file, as a GGUF file for llama.cpp and what is built on it.
import { HandheldError } from "../errors.ts";
import type { NamedSource } from "../model/float-weights.ts";
import { embeddingName, headName, isMatrix, tensorShapes } from "../model/layout.ts";
import { ropeFrequencies } from "../model/positions.ts";
import { type PackedType, packGgml } from "../quant/ggml-pack.ts";
import type { Spec } from "../spec/spec.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { type GgufLayout, ggufName, interleavedHeads, joinHalves, layoutFor } from "./layouts.ts";
import { tokenizerMetadata } from "./tokenizer-write.ts";
import { entry, type GgufEntry, type GgufTensorToWrite, saveGguf } from "./write.ts";

/** A model to write. */
export interface ModelToExport {
  spec: Spec;
  tokenizer: Tokenizer;
  /** Every tensor of the spec, under our names. */
  tensors: readonly NamedSource[];
  /** Names it, in the file and in messages. */
  name: string;
}

/** Options of {@link exportGguf}. */
export interface ExportOptions {
  signal?: AbortSignal | undefined;
  /** Called before each tensor. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** `general.file_type`, by the type of most tensors. */
const fileTypes: Record<PackedType, number> = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 7 };

/**
 * Writes a GGUF file, one tensor in memory at a time. Matrices have the type that is asked for; with Q4_0 the head, also as
 * an embedding, has Q8_0. Where a row does not fill blocks of 32 it is F16. Vectors and positions are F32. Blocks that
 * repeat are written as often as they run.
 *
 * @throws HandheldError `unsupported` where llama.cpp has no such architecture or tokenizer, `io`, `aborted`, or what reading
 *   the tensors throws; `path` is then as it was
 */
export async function exportGguf(
  path: string,
  model: ModelToExport,
  type: PackedType,
  { signal, onProgress }: ExportOptions = {},
): Promise<void> {
  const { spec, tokenizer, name } = model;
  const layout = layoutFor(spec, name);
  const metadata = new Map([
    ...architectureMetadata(layout, model, type),
    ...tokenizerMetadata(tokenizer, spec.vocabulary, name),
  ]);
  const tensors = tensorsToWrite(layout, model, type);
  let done = 0;
  const reported = tensors.map((tensor) => ({
    ...tensor,
    data: () => {
      if (signal?.aborted) throw new HandheldError("aborted", `stopped converting ${name}; there is no ${path}`);
      onProgress?.(done++, tensors.length);
      return tensor.data();
    },
  }));
  await saveGguf(path, metadata, reported);
}

function architectureMetadata(
  layout: GgufLayout,
  { spec, name }: ModelToExport,
  type: PackedType,
): Map<string, GgufEntry> {
  const { u32, f32, string } = entry;
  const key = (rest: string) => `${layout.name}.${rest}`;
  const epsilon = spec.norm === "rms" ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";
  const scaling = spec.ropeScaling?.type === "linear" ? spec.ropeScaling : null;
  const linear: [string, GgufEntry][] = [
    [key("rope.scaling.type"), string("linear")],
    [key("rope.scaling.factor"), f32(scaling?.factor ?? 1)],
  ];
  const rope: [string, GgufEntry][] = [
    [key("rope.dimension_count"), u32(spec.ropeSize)],
    [key("rope.freq_base"), f32(spec.ropeBase)],
    ...(scaling === null ? [] : linear),
  ];
  return new Map<string, GgufEntry>([
    ["general.architecture", string(layout.name)],
    ["general.name", string(name.split(/[/\\]/).at(-1)!)],
    ["general.file_type", u32(fileTypes[type])],
    ["general.quantization_version", u32(2)],
    [key("vocab_size"), u32(spec.vocabulary)],
    [key("context_length"), u32(spec.context)],
    [key("embedding_length"), u32(spec.width)],
    [key("block_count"), u32(spec.layers * spec.layerRepeat)],
    [key("feed_forward_length"), u32(spec.ffnWidth)],
    [key("attention.head_count"), u32(spec.heads)],
    [key("attention.head_count_kv"), u32(spec.kvHeads)],
    [key("attention.key_length"), u32(spec.headSize)],
    [key("attention.value_length"), u32(spec.headSize)],
    [key(epsilon), f32(spec.normEps)],
    ...(spec.positions === "rope" ? rope : []),
  ]);
}

function tensorsToWrite(layout: GgufLayout, model: ModelToExport, type: PackedType): GgufTensorToWrite[] {
  const { spec } = model;
  const sources = new Map(model.tensors.map((tensor) => [tensor.name, tensor]));
  const weights = tensorShapes(spec).flatMap(({ name, shape }) => {
    const places = placesOf(spec, name);
    const parts = ggufName(layout, name).parts.map((part) => sources.get(part)!);
    if (parts[0]!.name !== name) return []; // it goes with the first of those it is fused with
    const rows = parts.reduce((sum, part) => sum + part.shape[0]!, 0);
    const stored = typeOf(spec, name, shape, type);
    async function* data() {
      for (const part of parts) yield packGgml(stored, await ordered(layout, spec, part));
    }
    return places.map((place): GgufTensorToWrite => {
      return { name: ggufName(layout, name, place).name, shape: [rows, ...shape.slice(1)], type: stored, data };
    });
  });
  return [...weights, ...frequencyFactors(spec, model.name)];
}

/** The blocks of the file that one of our tensors is in; [undefined] outside of blocks. */
function placesOf(spec: Spec, name: string): (number | undefined)[] {
  const block = /^model\.layers\.(\d+)\./.exec(name)?.[1];
  if (block === undefined) return [undefined];
  const all = Array.from({ length: spec.layers * spec.layerRepeat }, (_, i) => i);
  if (spec.sharedFfn && name.includes(".mlp.")) return all;
  return all.filter((i) => Math.floor(i / spec.layerRepeat) === Number(block));
}

/** Factors that RoPE's frequencies are divided by, where they are not one number. */
function frequencyFactors(spec: Spec, where: string): GgufTensorToWrite[] {
  const { ropeScaling: scaling, ropeBase, ropeSize } = spec;
  if (scaling === null || scaling.type === "linear") return [];
  if (scaling.type === "longrope" && (scaling.magnitude !== 1 || scaling.long.join() !== scaling.short.join())) {
    throw new HandheldError(
      "unsupported",
      `${where}: LongRoPE with other factors for long texts has no place in the file`,
    );
  }
  const factors = ropeFrequencies(spec, "usual").map((frequency, j) => ropeBase ** ((-2 * j) / ropeSize) / frequency);
  const data = () => [packGgml("F32", Float32Array.from(factors))];
  return [{ name: "rope_freqs.weight", shape: [factors.length], type: "F32", data }];
}

async function ordered(layout: GgufLayout, spec: Spec, { name, read }: NamedSource): Promise<Float32Array> {
  const heads = interleavedHeads(layout, name, spec);
  const values = await read();
  return heads === null ? values : joinHalves(values, heads, spec.headSize);
}

function typeOf(spec: Spec, name: string, shape: readonly number[], type: PackedType): PackedType {
  if (!isMatrix({ name, shape })) return "F32";
  const head = spec.tiedEmbeddings ? embeddingName : headName;
  const wanted = type === "Q4_0" && name === head ? "Q8_0" : type;
  return shape.at(-1)! % 32 === 0 || wanted === "F32" ? wanted : "F16";
}
