// What a GGUF file says of its architecture, and its tensors under our names: through the config.json and the tensors of
// Hugging Face that it was converted from (families.ts).
import { HandheldError, invalidFile, quoteName, suggest } from "../errors.ts";
import type { TensorSource } from "../model/families/family.ts";
import { fromHfConfig, storedLayout } from "../model/families/index.ts";
import type { NamedSource } from "../model/float-weights.ts";
import { fromSources } from "../model/stored-access.ts";
import type { Spec } from "../spec/spec.ts";
import { type Change, type GgufFamily, ggufFamilies } from "./families.ts";
import type { GgufFile } from "./file.ts";
import type { GgufHeader, GgufTensor } from "./header.ts";
import { splitHalves } from "./layouts.ts";
import { ConfigFields, commonConfig } from "./metadata.ts";

/**
 * The architecture of a file. @throws HandheldError `unsupported` for other families and for what they have not,
 * `invalid-file` or `invalid-spec` where metadata is missing or makes no sense; `where` prefixes it
 */
export function ggufSpec(header: GgufHeader, where: string): Spec {
  return fromHfConfig(configOf(header, where), where);
}

/**
 * The tensors of a model, in the order of a Hugging Face file.
 * @throws HandheldError `invalid-file` when one is missing or has another shape, `unsupported` when one has no use
 */
export function ggufTensors(file: GgufFile, spec: Spec): NamedSource[] {
  const family = familyOf(file, file.path);
  const { sources } = storedLayout(configOf(file, file.path), spec, file.path);
  const places = new Map<string, Place>();
  const byName = new Map(file.tensors.map((tensor) => [tensor.name, tensor]));
  for (const source of sources) {
    if (source.from !== null && !places.has(source.from)) {
      places.set(source.from, findPlace(byName, family, source, spec, file.path));
    }
  }
  rejectUnused(file, places.values());
  const read = async (name: string) => {
    const { tensor, take } = places.get(name)!;
    return take(await file.read(tensor));
  };
  return fromSources(spec, sources, read, file.path);
}

/** The config.json that a file was made from, as far as the file knows. */
function configOf(header: GgufHeader, where: string): Record<string, unknown> {
  const { type, config } = familyOf(header, where);
  const fields = new ConfigFields(header, String(header.metadata.get("general.architecture")), where);
  if (Number(header.metadata.get("split.count") ?? 1) > 1) {
    throw new HandheldError("unsupported", `${where}: a part of a split file is not read; merge the parts before`);
  }
  const layers = fields.number("block_count");
  if (layers > header.tensors.length) throw invalidFile(where, `has ${layers} blocks, but fewer tensors`);
  if (fields.number("expert_count", 0) !== 0) {
    throw new HandheldError("unsupported", `${where}: mixtures of experts are not supported`);
  }
  return { model_type: type, ...commonConfig(fields), ...config?.(fields) };
}

function familyOf({ metadata }: GgufHeader, where: string): GgufFamily {
  const name = metadata.get("general.architecture");
  if (typeof name === "string" && Object.hasOwn(ggufFamilies, name)) return ggufFamilies[name]!;
  const known = Object.keys(ggufFamilies);
  const hint = (typeof name === "string" && suggest(name, known)) || `; known: ${known.join(", ")}`;
  const got = typeof name === "string" ? quoteName(name) : "none";
  throw new HandheldError("unsupported", `${where}: architecture ${got} is not supported${hint}`);
}

/** Where a tensor of transformers is in a file, and how it comes from what lies there. */
interface Place {
  tensor: GgufTensor;
  take(values: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer>;
}

const fusedParts = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"];

function findPlace(
  byName: ReadonlyMap<string, GgufTensor>,
  family: GgufFamily,
  { from, shape }: TensorSource,
  spec: Spec,
  where: string,
): Place {
  const { 1: stem, 2: kind } = /^(.+)\.(weight|bias)$/.exec(from!)!;
  const block = /\.(\d+)\./.exec(stem!)?.[1];
  const head = /\.norms\.(\d+)$/.exec(stem!)?.[1];
  const pattern = stem!.replace(/\.(\d+)\./, ".N.").replace(/\.norms\.\d+$/, ".norms.H");
  const inFile = (theirs: string) => `${theirs.replace("N", block ?? "")}.${kind}`;
  const name = inFile(family.names[pattern]!);
  const change = family.changes?.find(([part]) => from!.includes(part))?.[1];
  const part = fusedParts.findIndex((each) => pattern.endsWith(each));
  const fused = byName.get(inFile("blk.N.attn_qkv"));
  if (!byName.has(name) && part >= 0 && fused !== undefined) {
    const { tensor, take } = partOfFused(fused, part, shape, spec, where);
    return { tensor, take: (values) => takeBack(take(values), change, shape, spec, 0) };
  }
  const wanted = change === "transposed" ? [...shape].reverse() : change === "stacked" ? [spec.heads, ...shape] : shape;
  const tensor = byName.get(name);
  if (tensor === undefined) throw invalidFile(where, `no tensor "${name}"${suggest(name, byName.keys())}`);
  const stacked = change === "stacked" && tensor.shape[1] === shape[0] && Number(head) < tensor.shape[0]!;
  if (!stacked && tensor.shape.join() !== wanted.join()) {
    throw invalidFile(where, `the tensor "${name}" has shape [${tensor.shape}], the metadata ask for [${wanted}]`);
  }
  return { tensor, take: (values) => takeBack(values, change, shape, spec, Number(head)) };
}

/** Rows of queries, keys or values where a file has them in one matrix. */
function partOfFused(tensor: GgufTensor, part: number, shape: readonly number[], spec: Spec, where: string): Place {
  const { heads, kvHeads, headSize: D } = spec;
  const rows = [heads * D, kvHeads * D, kvHeads * D];
  const columns = shape[1] ?? 1;
  const all = [(heads + 2 * kvHeads) * D, ...shape.slice(1)];
  if (tensor.shape.join() !== all.join()) {
    throw invalidFile(where, `the tensor "${tensor.name}" has shape [${tensor.shape}], the metadata ask for [${all}]`);
  }
  const first = rows.slice(0, part).reduce((sum, count) => sum + count, 0) * columns;
  return { tensor, take: (values) => values.slice(first, first + rows[part]! * columns) };
}

function takeBack(
  values: Float32Array<ArrayBuffer>,
  change: Change | undefined,
  shape: readonly number[],
  spec: Spec,
  head: number,
): Float32Array<ArrayBuffer> {
  const { headSize: D } = spec;
  const [rows, columns = 1] = shape as [number, number?];
  switch (change) {
    case undefined:
      return values;
    case "interleaved":
      return splitHalves(values, rows / D, D);
    case "plusOne":
      return values.map((value) => value - 1);
    case "stacked":
      return values.slice(head * rows, (head + 1) * rows);
    case "transposed":
      return values.map((_, i) => values[(i % columns) * rows + Math.floor(i / columns)]!);
    case "grouped": {
      const heads = rows / (3 * D);
      const out = new Float32Array(values.length);
      for (let row = 0; row < rows; row++) {
        const [part, turn] = [Math.floor(row / (heads * D)), row % (heads * D)];
        const to = (Math.floor(turn / D) * 3 + part) * D + (turn % D);
        out.set(values.subarray(row * columns, (row + 1) * columns), to * columns);
      }
      return out;
    }
  }
}

/** A tensor without a use would change what the model computes. Those of RoPE are in the spec by now. */
function rejectUnused(file: GgufFile, places: Iterable<Place>): void {
  const used = new Set([...places].map(({ tensor }) => tensor));
  const other = file.tensors.find((tensor) => !used.has(tensor) && !/rope|rot_embd/.test(tensor.name));
  if (other === undefined) return;
  const family = String(file.metadata.get("general.architecture"));
  throw new HandheldError(
    "unsupported",
    `${file.path}: ${quoteName(other.name)} is not known in a ${family} model here`,
  );
}
