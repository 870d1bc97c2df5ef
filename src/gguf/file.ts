// A GGUF file on disk: its header, and tensors as floats, one at a time.
import { HandheldError, ioError } from "../errors.ts";
import { unpackGgml } from "../quant/ggml.ts";
import { type GgufHeader, type GgufTensor, readGgufHeader } from "./header.ts";
import { mostFactors } from "./metadata.ts";

const factorNames = ["rope_freqs.weight", "rope_factors_short.weight", "rope_factors_long.weight"];

/** An open file. */
export interface GgufFile extends GgufHeader {
  path: string;
  /** A tensor's elements, row-major. @throws HandheldError `io`, `invalid-file` or `out-of-memory` */
  read(tensor: GgufTensor): Promise<Float32Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** Opens a file and checks its header. @throws HandheldError `io`, `invalid-file` or `unsupported` */
export async function openGguf(path: string): Promise<GgufFile> {
  const { open } = await import("node:fs/promises");
  const fail = (cause: unknown): never => {
    throw ioError("read", path, cause);
  };
  const file = await open(path, "r").catch(fail);
  const readAt = async (begin: number, target: Uint8Array): Promise<number> => {
    let done = 0;
    while (done < target.byteLength) {
      const left = target.byteLength - done;
      const { bytesRead } = await file.read(target, done, Math.min(left, 1 << 26), begin + done).catch(fail);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  };
  try {
    const { size } = await file.stat().catch(fail);
    let first = new Uint8Array(0);
    const prefix = async (end: number) => {
      const longer = new Uint8Array(Math.min(Math.max(end, 1 << 20), size));
      longer.set(first.subarray(0, longer.byteLength));
      const from = Math.min(first.byteLength, longer.byteLength);
      const got = await readAt(from, longer.subarray(from));
      first = longer.subarray(0, from + got);
      return first;
    };
    const header = await readGgufHeader(prefix, size, path);
    first = new Uint8Array(0);
    const read = async (tensor: GgufTensor) => {
      const [bytes, floats] = allocate(tensor, path);
      if ((await readAt(tensor.begin, bytes)) < bytes.byteLength) {
        throw new HandheldError("invalid-file", `${path}: ends within the tensor "${tensor.name}"; fetch it again`);
      }
      unpackGgml(tensor.type, bytes, floats);
      return floats;
    };
    const factors = new Map<string, readonly number[]>();
    for (const tensor of header.tensors.filter(({ name }) => factorNames.includes(name))) {
      if (tensor.shape.length !== 1 || tensor.shape[0]! > mostFactors) {
        throw new HandheldError("invalid-file", `${path}: ${tensor.name} is not a list of RoPE's factors`);
      }
      factors.set(tensor.name, [...(await read(tensor))]);
    }
    return { ...header, factors, path, read, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function allocate({ name, shape, bytes }: GgufTensor, path: string): [Uint8Array, Float32Array<ArrayBuffer>] {
  try {
    return [new Uint8Array(bytes), new Float32Array(shape.reduce((product, size) => product * size, 1))];
  } catch (cause) {
    throw new HandheldError("out-of-memory", `${path}: the tensor "${name}" does not fit in memory`, { cause });
  }
}
