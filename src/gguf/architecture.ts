// What a GGUF file of the Llama family says of its architecture, and its tensors under the names of Hugging Face.
import { HandheldError, invalidFile, suggest } from "../errors.ts";
import type { NamedSource } from "../model/float-weights.ts";
import { tensorShapes } from "../model/layout.ts";
import { createSpec, type Spec } from "../spec/spec.ts";
import type { GgufFile } from "./file.ts";
import type { GgufHeader, GgufTensor, GgufValue } from "./header.ts";
import { ggufName, interleavedHeads, layoutNamed, splitHalves } from "./layouts.ts";

/**
 * The architecture of a file. @throws HandheldError `unsupported` for other families and for biases and scaled RoPE,
 * `invalid-file` or `invalid-spec` where metadata is missing or makes no sense; `where` prefixes it
 */
export function ggufSpec({ metadata, tensors }: GgufHeader, where: string): Spec {
  const family = metadata.get("general.architecture");
  if (family !== "llama") {
    throw new HandheldError(
      "unsupported",
      `${where}: architecture ${JSON.stringify(family)} is not supported, only "llama"`,
    );
  }
  rejectUnsupported(metadata, tensors, where);
  const number = (key: string) => numberOf(metadata, `llama.${key}`, where);
  const optional = (key: string) => (metadata.has(`llama.${key}`) ? number(key) : undefined);
  const embedding = tensors.find(({ name }) => name === "token_embd.weight");
  const heads = number("attention.head_count");
  const headSize = optional("attention.key_length");
  return createSpec(
    {
      layers: number("block_count"),
      width: number("embedding_length"),
      ffnWidth: number("feed_forward_length"),
      heads,
      kvHeads: optional("attention.head_count_kv") ?? heads,
      ...(headSize === undefined ? {} : { headSize }),
      vocabulary: embedding?.shape[0] ?? number("vocab_size"),
      activation: "silu",
      // A float of the file: 1e-5 came as 9.999999747378752e-6.
      normEps: Number(number("attention.layer_norm_rms_epsilon").toPrecision(6)),
      ropeBase: optional("rope.freq_base") ?? 10_000,
      context: number("context_length"),
      tiedEmbeddings: !tensors.some(({ name }) => name === "output.weight"),
    },
    where,
  );
}

/**
 * The tensors of a model, in the order of a Hugging Face file.
 * @throws HandheldError `invalid-file` when one is missing or has another shape
 */
export function ggufTensors(file: GgufFile, spec: Spec): NamedSource[] {
  const layout = layoutNamed(file.metadata.get("general.architecture"))!;
  const byName = new Map(file.tensors.map((tensor) => [tensor.name, tensor]));
  const wanted = new Map(tensorShapes(spec).map(({ name, shape }) => [name, shape]));
  return [...wanted].map(([name, shape]) => {
    const { name: theirs, parts } = ggufName(layout, name);
    const rowsOf = (part: string) => wanted.get(part)![0]!;
    const rows = parts.reduce((sum, part) => sum + rowsOf(part), 0);
    const tensor = findTensor(byName, theirs, [rows, ...shape.slice(1)], file.path);
    const before = parts.slice(0, parts.indexOf(name)).reduce((sum, part) => sum + rowsOf(part), 0);
    const columns = shape[1] ?? 1;
    const heads = interleavedHeads(layout, name, spec);
    const read = async () => {
      const values = await file.read(tensor);
      const own = parts.length === 1 ? values : values.slice(before * columns, (before + shape[0]!) * columns);
      return heads === null ? own : splitHalves(own, heads, spec.headSize);
    };
    return { name, shape, read };
  });
}

function findTensor(
  byName: ReadonlyMap<string, GgufTensor>,
  name: string,
  shape: readonly number[],
  where: string,
): GgufTensor {
  const tensor = byName.get(name);
  if (tensor === undefined) {
    throw invalidFile(where, `no tensor "${name}"${suggest(name, byName.keys())}`);
  }
  if (tensor.shape.join() !== shape.join()) {
    const got = `has shape [${tensor.shape}], the metadata ask for [${shape}]`;
    throw invalidFile(where, `the tensor "${name}" ${got}`);
  }
  return tensor;
}

function rejectUnsupported(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensor[],
  where: string,
): void {
  const fail = (reason: string) => new HandheldError("unsupported", `${where}: ${reason}`);
  const bias = tensors.find(({ name }) => name.endsWith(".bias"));
  if (bias) throw fail(`"${bias.name}" is not supported; linear layers have no biases here`);
  if (tensors.some(({ name }) => name === "rope_freqs.weight")) throw fail("scaled RoPE is not supported");
  const scaling = metadata.get("llama.rope.scaling.type") ?? "none";
  if (scaling !== "none") throw fail(`RoPE scaling ${JSON.stringify(scaling)} is not supported`);
  if ((metadata.get("llama.expert_count") ?? 0) !== 0) throw fail("mixtures of experts are not supported");
  const turned = metadata.get("llama.rope.dimension_count");
  const size = metadata.get("llama.attention.key_length");
  if (turned !== undefined && size !== undefined && turned !== size) {
    throw fail(`RoPE over ${turned} of ${size} numbers of a head is not supported; it turns the whole head here`);
  }
}

function numberOf(metadata: ReadonlyMap<string, GgufValue>, key: string, where: string): number {
  const value = metadata.get(key);
  // Some files give each layer its own number; here all must be alike.
  const first = Array.isArray(value) && value.every((item) => item === value[0]) ? value[0] : value;
  if (typeof first === "number") return first;
  const got = value === undefined ? "is missing" : "is not one number";
  throw invalidFile(where, `metadata "${key}" ${got}`);
}
