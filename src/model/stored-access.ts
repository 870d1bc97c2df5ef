// The tensors of a float model directory on disk under our names, read in any order, one at a time: for what writes a model
// without holding it. stored-tensors.ts reads them in the order of the files, from anywhere.
import { invalidFile, ioError } from "../errors.ts";
import { sourceOf } from "../source.ts";
import type { Spec } from "../spec/spec.ts";
import { modelFiles, readFloatConfig } from "./directory.ts";
import type { TensorSource } from "./families/family.ts";
import type { NamedSource } from "./float-weights.ts";
import { tensorShapes } from "./layout.ts";
import { headerLength, parseHeader, readFloats, type TensorPlace } from "./safetensors.ts";
import { readShardIndex } from "./shards.ts";
import { allocateFloats, applySource, checkShape } from "./stored-tensors.ts";

/** A directory's tensors, until it is closed. */
export interface StoredModel {
  spec: Spec;
  /** In the order of `tensorShapes`. */
  tensors: readonly NamedSource[];
  close(): Promise<void>;
}

/** A tensor's numbers by its name in the files. */
type ReadStored = (name: string, shape: readonly number[]) => Promise<Float32Array<ArrayBuffer>>;

/** Opens a directory. @throws HandheldError `io`, `invalid-file`, `invalid-spec` or `unsupported` */
export async function openStoredModel(dir: string): Promise<StoredModel> {
  const { spec, layout } = await readFloatConfig(dir);
  const index = await readShardIndex(sourceOf(dir));
  const files = index === null ? [modelFiles.weights] : [...index.keys()];
  const { sources, prefix } = layout();
  const opened: OpenFile[] = [];
  const close = async () => void (await Promise.all(opened.map((file) => file.close())));
  try {
    for (const file of files) opened.push(await openTensors(`${dir}/${file}`));
    const read: ReadStored = async (name, shape) => {
      const names = [name, ...(name.startsWith(prefix) ? [name.slice(prefix.length)] : [])];
      for (const file of opened) {
        for (const each of names) if (file.places.has(each)) return file.read(each, shape);
      }
      throw invalidFile(dir, `no tensor "${name}"`);
    };
    return { spec, tensors: fromSources(spec, sources, read, dir), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Our tensors, each from its sources. `where` names the model in messages. */
export function fromSources(
  spec: Spec,
  sources: readonly TensorSource[],
  read: ReadStored,
  where: string,
): NamedSource[] {
  const byTensor = Map.groupBy(sources, ({ to }) => to);
  return tensorShapes(spec).map(({ name, shape }) => ({
    name,
    shape,
    read: async () => {
      const [first, ...others] = byTensor.get(name)!;
      // Most have one source, which may be large: nothing is copied.
      if (others.length === 0 && first!.from !== null) return inPlace(await read(first!.from, first!.shape), first!);
      const out = allocateFloats(shape, `${where}: ${name}`);
      for (const source of [first!, ...others]) {
        const { from, at = 0, plus = 0 } = source;
        if (from === null) out.fill(plus);
        else out.set(applySource(await read(from, source.shape), source), at);
      }
      return out;
    },
  }));
}

function inPlace(stored: Float32Array<ArrayBuffer>, { convert, scale = 1, plus = 0 }: TensorSource) {
  const values = convert ? convert(stored) : stored;
  if (scale !== 1 || plus !== 0) for (let i = 0; i < values.length; i++) values[i] = values[i]! * scale + plus;
  return values;
}

interface OpenFile {
  places: ReadonlyMap<string, TensorPlace>;
  read(name: string, shape: readonly number[]): Promise<Float32Array<ArrayBuffer>>;
  close(): Promise<void>;
}

async function openTensors(path: string): Promise<OpenFile> {
  const { open } = await import("node:fs/promises");
  const fail = (cause: unknown): never => {
    throw ioError("read", path, cause);
  };
  const file = await open(path, "r").catch(fail);
  const readAt = async (begin: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const most = Math.min(length - done, 1 << 26);
      const { bytesRead } = await file.read(bytes, done, most, begin + done).catch(fail);
      if (bytesRead === 0) throw invalidFile(path, "is truncated; fetch it again");
      done += bytesRead;
    }
    return bytes;
  };
  try {
    const { size } = await file.stat().catch(fail);
    const length = headerLength(await readAt(0, Math.min(8, size)), size, path);
    const { tensors, dataStart } = parseHeader(await readAt(8, length), size, path);
    const read = async (name: string, shape: readonly number[]) => {
      const place = tensors.get(name)!;
      checkShape({ name, shape: place.shape }, shape, path);
      const bytes = await readAt(dataStart + place.begin, place.end - place.begin);
      return readFloats({ ...place, bytes }, `${path}: ${name}`) as Float32Array<ArrayBuffer>;
    };
    return { places: tensors, read, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}
