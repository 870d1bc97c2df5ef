// Reads the weights of a model directory: from one safetensors file or several, each tensor once, in the order of the files,
// and hands it to whatever of ours it is a source of.
import { HandheldError, invalidFile } from "../errors.ts";
import type { FileSource } from "../source.ts";
import { modelFiles } from "./directory.ts";
import type { TensorSource } from "./families/family.ts";
import type { StoredLayout } from "./families/index.ts";
import type { TensorShape } from "./layout.ts";
import { type IncomingTensor, readSafetensors } from "./safetensors-file.ts";
import { readShardIndex, shardIndexFile } from "./shards.ts";

/** Takes a stored tensor, with the sources it is for. */
export type TakeTensor = (tensor: IncomingTensor, sources: readonly TensorSource[]) => Promise<void>;

/**
 * Reads every tensor that `layout` names. All are known to be there, and to have their shapes, before they are read.
 * @throws HandheldError `io`, `invalid-file` or `aborted`, and what `take` throws
 */
export async function readStored(
  source: FileSource,
  { sources, prefix }: StoredLayout,
  take: TakeTensor,
): Promise<void> {
  const wanted = new Map<string, TensorSource[]>();
  for (const entry of sources) {
    if (entry.from === null) continue;
    const same = wanted.get(entry.from);
    if (same) same.push(entry);
    else wanted.set(entry.from, [entry]);
  }
  const files = await filesOf(source, wanted, prefix);
  const missing = new Set(wanted.keys());
  for (const [file, names] of files) {
    const onTensor = async (tensor: IncomingTensor) => {
      const name = wanted.has(tensor.name) ? tensor.name : prefix + tensor.name;
      const uses = wanted.get(name);
      if (uses === undefined || !missing.delete(name)) return;
      checkShape(tensor, uses[0]!.shape, source.name);
      await take(tensor, uses);
    };
    await readSafetensors(source, file, names, onTensor, prefix);
  }
  const [lost] = missing;
  if (lost !== undefined) throw invalidFile(`${source.name}/${shardIndexFile}`, `no file has the tensor "${lost}"`);
}

/** The files to read, each with the names of wanted tensors that must be in it. */
async function filesOf(
  source: FileSource,
  wanted: ReadonlyMap<string, unknown>,
  prefix: string,
): Promise<[file: string, names: string[]][]> {
  const index = await readShardIndex(source);
  if (index === null) return [[modelFiles.weights, [...wanted.keys()]]];
  const shards = [...index].map(([file, tensors]): [string, string[]] => {
    const full = tensors.map((name) => (wanted.has(name) ? name : prefix + name));
    return [file, full.filter((name) => wanted.has(name))];
  });
  const indexed = new Set(shards.flatMap(([, names]) => names));
  for (const name of wanted.keys()) {
    if (!indexed.has(name)) throw invalidFile(`${source.name}/${shardIndexFile}`, `weight_map has no tensor "${name}"`);
  }
  return shards.filter(([, names]) => names.length > 0);
}

/** @throws HandheldError `invalid-file` where a tensor has another shape than the architecture asks for */
export function checkShape({ name, shape: got }: TensorShape, shape: readonly number[], where: string): void {
  if (got.join() === shape.join()) return;
  throw invalidFile(where, `${name} has shape [${got}], config.json asks for [${shape}]`);
}

/** Our numbers from a stored tensor's; `stored` may be changed. */
export function applySource(stored: Float32Array<ArrayBuffer>, source: TensorSource): Float32Array<ArrayBuffer> {
  const values = source.convert ? source.convert(stored) : stored;
  const { scale = 1, plus = 0 } = source;
  if (scale === 1 && plus === 0) return values;
  // A source's numbers may be another source's too.
  return values.map((value) => value * scale + plus);
}

/** Room for a tensor. @throws HandheldError `out-of-memory` */
export function allocateFloats(shape: readonly number[], where: string): Float32Array<ArrayBuffer> {
  const length = shape.reduce((product, size) => product * size, 1);
  try {
    return new Float32Array(length);
  } catch (cause) {
    throw new HandheldError("out-of-memory", `${where}: ${4 * length} bytes do not fit in memory`, { cause });
  }
}
