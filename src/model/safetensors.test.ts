// Round trips, hostile headers, and files on disk.
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HandheldError } from "../errors.ts";
import { fromF16, toF16 } from "../quant/index.ts";
import { sourceOf } from "../source.ts";
import { parseSafetensors, readFloats, type StoredTensor } from "./safetensors.ts";
import { readSafetensors, saveSafetensors } from "./safetensors-file.ts";
import { encodeSafetensors, serializeSafetensors, type TensorToWrite } from "./safetensors-write.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-safetensors-"));

const tensors: TensorToWrite[] = [
  { name: "packed", dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 3) },
  { name: "half", dtype: "F16", shape: [2, 1], data: Uint16Array.of(toF16(0.5), toF16(-2)) },
  { name: "weight", dtype: "F32", shape: [2, 2], data: () => Float32Array.of(1, -2.5, 3, 0) },
  { name: "brain", dtype: "BF16", shape: [1], data: Uint16Array.of(0x3fc0) },
  { name: "scalar", dtype: "I32", shape: [], data: Int32Array.of(-7) },
  { name: "empty", dtype: "F32", shape: [0, 5], data: new Float32Array(0) },
  { name: "codes", dtype: "I8", shape: [2], data: async () => Int8Array.of(-1, 1) },
  { name: "__proto__", dtype: "U8", shape: [1], data: Uint8Array.of(9) },
];

async function bytesOf(list: TensorToWrite[], metadata?: Record<string, string>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeSafetensors(list, metadata)) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

describe("safetensors in memory", () => {
  it("round-trips every type, with views into the file, all aligned", async () => {
    const file = await bytesOf(tensors, { format: "pt", made: "here" });
    const parsed = parseSafetensors(file.slice().buffer);
    expect(parsed.metadata).toEqual({ format: "pt", made: "here" });
    expect([...parsed.tensors.keys()].sort()).toEqual(tensors.map(({ name }) => name).sort());
    expect([...readFloats(parsed.tensors.get("weight")!)]).toEqual([1, -2.5, 3, 0]);
    expect([...readFloats(parsed.tensors.get("half")!)]).toEqual([0.5, -2]);
    expect([...readFloats(parsed.tensors.get("brain")!)]).toEqual([1.5]);
    expect(readFloats(parsed.tensors.get("weight")!).buffer).toBe(parsed.tensors.get("packed")!.bytes.buffer);
    expect(parsed.tensors.get("scalar")).toMatchObject({ dtype: "I32", shape: [] });
    expect(parsed.tensors.get("empty")!.bytes).toHaveLength(0);
    for (const { dtype, bytes } of parsed.tensors.values()) {
      expect(bytes.byteOffset % (dtype.endsWith("32") ? 4 : dtype.endsWith("16") ? 2 : 1)).toBe(0);
    }
  });

  it("copies floats that are not aligned", async () => {
    const file = await bytesOf(tensors);
    const shifted = new Uint8Array(file.length + 1);
    shifted.set(file, 1);
    expect([...readFloats(parseSafetensors(shifted.subarray(1)).tensors.get("weight")!)]).toEqual([1, -2.5, 3, 0]);
  });

  it("serialises what it parsed to the same bytes", async () => {
    const file = await bytesOf(tensors);
    const parsed = parseSafetensors(file);
    expect(await serializeSafetensors(parsed.tensors, parsed.metadata)).toEqual(file);
  });

  it("refuses to write a wrong size or a name twice, and to read integers as floats", async () => {
    const tensor: TensorToWrite = { name: "w", dtype: "F32", shape: [2], data: Float32Array.of(1) };
    await expect(bytesOf([tensor])).rejects.toThrow('cannot write tensor "w": F32 of 2 takes 8 bytes, got 4');
    await expect(bytesOf([tensors[0]!, tensors[0]!])).rejects.toThrow('"packed": the name is taken');
    expect(() => readFloats({ dtype: "I8", shape: [1], bytes: new Uint8Array(1) }, "codes")).toThrow("has type I8");
  });
});

describe("hostile safetensors", () => {
  const build = (header: string | Uint8Array, data = 0, length?: bigint): Uint8Array => {
    const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
    const file = new Uint8Array(8 + text.length + data);
    new DataView(file.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
    file.set(text, 8);
    return file;
  };
  const one = (tensor: unknown, data = 4) => build(JSON.stringify({ w: tensor }), data);
  const place = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
    dtype: "F32",
    shape,
    data_offsets: [begin, end],
  });

  it.each<[string, Uint8Array, string]>([
    ["an empty file", new Uint8Array(0), "shorter than the 8 bytes"],
    ["7 bytes", new Uint8Array(7), "shorter than the 8 bytes"],
    ["a header beyond the file", build("{}", 0, 3n), "header of 3 bytes in a file of 10; the file is truncated"],
    ["a header of 2^64 - 1", build("{}", 0, 2n ** 64n - 1n), "at most 100000000 are allowed"],
    ["no JSON", build("{x"), "the header is not JSON"],
    ["no UTF-8", build(Uint8Array.of(0x22, 0xff, 0x22)), "the header is not JSON"],
    ["a list", build("[]"), "the header is not a JSON object"],
    ["deep JSON", build(`{"w":${"[".repeat(500_000)}${"]".repeat(500_000)}}`), "safetensors: "],
    ["metadata of numbers", build('{"__metadata__":{"a":1}}'), "__metadata__ is not an object of strings"],
    ["a tensor that is null", one(null), 'tensor "w" is not described by an object'],
    ["an unknown type", one({ dtype: "F64", shape: [], data_offsets: [0, 8] }, 8), 'tensor "w" has type "F64"'],
    ["a type of Object", one({ dtype: "toString", shape: [], data_offsets: [0, 4] }), 'has type "toString"'],
    ["a negative size", one({ dtype: "F32", shape: [-1], data_offsets: [0, 4] }), "no shape of whole numbers"],
    ["half a size", one({ dtype: "F32", shape: [0.5], data_offsets: [0, 2] }), "no shape of whole numbers"],
    ["three offsets", one({ dtype: "F32", shape: [1], data_offsets: [0, 4, 4] }), "no data_offsets of two"],
    [
      "offsets that run back",
      one({ dtype: "F32", shape: [1], data_offsets: [4, 0] }),
      "takes 4 bytes by its shape but -4",
    ],
    ["a size that overflows", one(place(0, 4, [2 ** 40, 2 ** 40])), "a shape too large to count"],
    ["a size that overflows to zero", one(place(0, 0, [2 ** 52, 2 ** 52, 0]), 0), "a shape too large to count"],
    ["a size unlike its offsets", one(place(0, 4, [2])), "takes 8 bytes by its shape but 4 by its offsets"],
    ["a tensor beyond the end", one(place(0, 8)), "tensors take 8 bytes but the file has 4; it is truncated"],
    ["bytes after the last", one(place(0, 4), 5), "1 bytes follow the last tensor"],
    ["a gap", one(place(4, 8), 8), 'tensor "w" leaves 4 bytes unused before it'],
    [
      "an overlap",
      build(JSON.stringify({ a: place(0, 8), b: place(4, 8) }), 8),
      'tensor "b" overlaps the one before it',
    ],
    [
      "a name twice",
      build(
        '{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
        2,
      ),
      "leaves 1 bytes unused",
    ],
  ])("%s is an error of one line", (_what, file, message) => {
    let error: unknown;
    try {
      parseSafetensors(file);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(HandheldError);
    expect((error as HandheldError).code).toBe("invalid-file");
    expect((error as HandheldError).message).toContain(message);
    expect((error as HandheldError).message).not.toContain("\n");
  });

  it("never believes a file cut or changed anywhere: it throws a HandheldError or reads within bounds", async () => {
    const file = await bytesOf(tensors);
    for (let cut = 0; cut < file.length; cut++)
      expect(() => parseSafetensors(file.slice(0, cut))).toThrow(HandheldError);
    for (let at = 0; at < file.length; at++) {
      const changed = file.slice();
      changed[at] = changed[at]! ^ (1 + ((at * 7) % 255));
      let read: Map<string, StoredTensor> | undefined;
      try {
        read = parseSafetensors(changed).tensors;
      } catch (error) {
        expect(error).toBeInstanceOf(HandheldError);
      }
      for (const { bytes } of read?.values() ?? [])
        expect(bytes.byteOffset + bytes.byteLength).toBeLessThanOrEqual(file.length);
    }
  });
});

describe("safetensors files", () => {
  const path = join(folder, "model.safetensors");

  it("saves, and reads in the order of the file what is asked for", async () => {
    await saveSafetensors(path, tensors);
    expect(new Uint8Array(readFileSync(path))).toEqual(await bytesOf(tensors));
    const read = new Map<string, number[]>();
    await readSafetensors(sourceOf(folder), "model.safetensors", ["weight"], async (tensor) => {
      const { name, dtype, shape, sizeBytes } = tensor;
      if (name === "scalar") return; // passed over
      if (dtype === "U8" || dtype === "I8") {
        const target = new Uint8Array(sizeBytes);
        await tensor.readBytes(target);
        read.set(name, [...target]);
      } else {
        const target = new Float32Array(shape.reduce((product, size) => product * size, 1));
        await tensor.readFloats(target);
        read.set(name, [...target]);
      }
    });
    expect(Object.fromEntries([...read].filter(([name]) => name !== "__proto__"))).toEqual({
      weight: [1, -2.5, 3, 0],
      half: [0.5, -2],
      brain: [1.5],
      empty: [],
      packed: [1, 2, 3],
      codes: [255, 1],
    });
    expect(read.get("__proto__")).toEqual([9]);
  });

  it.each([1, 2, 3, 7, 64, 1000])(
    "reads the same from chunks of %i bytes, with or without a known size",
    async (size) => {
      const file = await bytesOf([
        { name: "wide", dtype: "F32", shape: [5], data: Float32Array.of(1, 2, 3, 4, 5) },
        { name: "half", dtype: "F16", shape: [70_001], data: new Uint16Array(70_001).map((_, i) => i % 30_000) },
      ]);
      async function* chunks() {
        for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size);
      }
      for (const sizeBytes of [file.length, null]) {
        const source = { name: "there", open: async () => ({ sizeBytes, chunks: chunks() }) };
        const half = new Float32Array(70_001);
        await readSafetensors(source, "x", [], async (tensor) => {
          if (tensor.name === "half") await tensor.readFloats(half);
        });
        expect(half.every((value, i) => value === fromF16(i % 30_000))).toBe(true);
      }
    },
  );

  it("finds bytes missing or left over where the size is not known before", async () => {
    const whole = await bytesOf(tensors);
    const read = (file: Uint8Array) => {
      const source = {
        name: "there",
        open: async () => ({
          sizeBytes: null,
          chunks: (async function* () {
            yield file;
          })(),
        }),
      };
      return readSafetensors(source, "x", [], async () => {});
    };
    await read(whole);
    await expect(read(whole.subarray(0, -1))).rejects.toThrow(/^there\/x: ends at byte \d+; it is truncated/);
    await expect(read(Uint8Array.of(...whole, 0))).rejects.toThrow("there/x: bytes follow the last tensor");
  });

  it("keeps the old file when a tensor fails half way", async () => {
    const before = readFileSync(path);
    const broken = [
      ...tensors.slice(0, 3),
      { name: "x", dtype: "U8", shape: [9], data: () => new Uint8Array(1) } as const,
    ];
    await expect(saveSafetensors(path, broken)).rejects.toThrow("takes 9 bytes, got 1");
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(folder)).toEqual(["model.safetensors"]);
  });

  it("names a file or tensor that is missing, a folder or a truncated file", async () => {
    const read = (name: string, ...names: string[]) => readSafetensors(sourceOf(folder), name, names, async () => {});
    await expect(read("none")).rejects.toThrow("no such file or folder");
    await expect(readSafetensors(sourceOf("/"), "tmp", [], async () => {})).rejects.toThrow(HandheldError);
    await expect(read("model.safetensors", "weigth")).rejects.toThrow('no tensor "weigth"; did you mean "weight"?');
    writeFileSync(join(folder, "cut"), readFileSync(path).subarray(0, -3));
    await expect(read("cut")).rejects.toThrow(`${join(folder, "cut")}: tensors take`);
  });
});

describe("half precision", () => {
  it("round-trips all 65,536 halves", () => {
    for (let half = 0; half < 65536; half++) {
      const value = fromF16(half);
      if (Number.isNaN(value)) expect(fromF16(toF16(value))).toBeNaN();
      else if (toF16(value) !== half) expect(toF16(value)).toBe(half);
    }
  });

  it("rounds to the nearest, ties to even, and overflows to infinity", () => {
    expect(toF16(1 + 2 ** -11)).toBe(toF16(1));
    expect(toF16(1 + 3 * 2 ** -11)).toBe(toF16(1 + 2 ** -9));
    expect(fromF16(toF16(65519))).toBe(65504);
    expect(fromF16(toF16(-65520))).toBe(Number.NEGATIVE_INFINITY);
    expect(toF16(2 ** -25)).toBe(0);
    expect(toF16(2 ** -25 * 1.01)).toBe(1);
  });
});
