// Hostile safetensors: whole in memory, and as a stream whose length may be unknown.
import { describe, expect, it } from "vitest";
import { countElements, parseSafetensors, readFloats } from "../../src/model/safetensors.ts";
import { readSafetensors } from "../../src/model/safetensors-file.ts";
import { createRandom, type Random } from "../../src/random.ts";
import { attempt, type FuzzInput, fuzz, inputCount } from "./fuzz.ts";
import { memorySource } from "./memory-source.ts";
import { littleEndian, mutateBytes, oddNumbers } from "./mutate-bytes.ts";
import { jsonText, mutateJson, repeatName } from "./mutate-json.ts";

const tensors = {
  "model.embed_tokens.weight": { dtype: "F32", shape: [8, 4], data_offsets: [0, 128] },
  "model.layers.0.self_attn.q_proj.weight": { dtype: "F16", shape: [4, 4], data_offsets: [128, 160] },
  "model.layers.0.mlp.up_proj.weight": { dtype: "BF16", shape: [6, 4], data_offsets: [160, 208] },
  "model.layers.0.mlp.down_proj.weight": { dtype: "U8", shape: [144], data_offsets: [208, 352] },
  codes: { dtype: "I8", shape: [3, 0], data_offsets: [352, 352] },
  scalar: { dtype: "I32", shape: [], data_offsets: [352, 356] },
};
const header = { __metadata__: { format: "pt", made: "here" }, ...tensors };
const names = Object.keys(tensors).slice(0, 3);
const dataBytes = 356;

/** A file of a header's text, whose length may be a lie. */
function fileOf(text: string, data = dataBytes, length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(text);
  const file = new Uint8Array(8 + json.length + data);
  file.set(littleEndian(length ?? BigInt(json.length), 8));
  file.set(json, 8);
  return file;
}

function make(random: Random): FuzzInput {
  const kind = random.below(4);
  if (kind === 0) return inputOf(mutateBytes(fileOf(JSON.stringify(header)), random), random);
  if (kind === 1) return inputOf(fileOf(JSON.stringify(moved(random))), random);
  const text = jsonText(mutateJson(header, random));
  const changed = random.below(4) === 0 ? repeatName(text, random) : text;
  const data = random.below(4) === 0 ? random.below(2 * dataBytes) : dataBytes;
  const lie =
    random.below(4) === 0 ? random.pick([...oddNumbers, BigInt(changed.length + random.below(9) - 4)]) : undefined;
  return inputOf(fileOf(changed, data, lie), random);
}

/** Shapes and places that contradict each other, the file's length, or arithmetic. */
function moved(random: Random): unknown {
  const copy = structuredClone(tensors) as Record<string, { dtype: string; shape: number[]; data_offsets: number[] }>;
  for (let left = 1 + random.below(2); left > 0; left--) {
    const tensor = copy[random.pick(Object.keys(tensors))]!;
    const numbers = random.pick([tensor.shape, tensor.data_offsets]);
    const at = random.below(numbers.length + 1);
    numbers[at] = random.pick([
      Number(random.pick(oddNumbers)),
      (numbers[at] ?? 0) + random.below(9) - 4,
      random.below(400),
    ]);
    if (random.below(3) === 0) tensor.dtype = random.pick(["F32", "F16", "BF16", "I8", "U8", "I32", "F64", "toString"]);
  }
  return { ...header, ...copy };
}

/** Reads a file in one of both ways, and all tensors in it. */
function inputOf(bytes: Uint8Array, random: Random): FuzzInput {
  const whole = random.below(2) === 0;
  const source = memorySource({ "model.safetensors": bytes }, random);
  return { sizeBytes: bytes.length, read: () => (whole ? readWhole(bytes) : readStream(source)) };
}

async function readWhole(bytes: Uint8Array): Promise<void> {
  for (const [name, tensor] of parseSafetensors(bytes).tensors) {
    if (tensor.dtype.includes("F")) expect(readFloats(tensor, name)).toHaveLength(countElements(tensor.shape));
  }
}

async function readStream(source: ReturnType<typeof memorySource>): Promise<void> {
  await readSafetensors(source, "model.safetensors", names, async (tensor) => {
    if (tensor.sizeBytes > 1 << 16) return;
    if (tensor.dtype.includes("F")) await tensor.readFloats(new Float32Array(countElements(tensor.shape)));
    else await tensor.readBytes(new Uint8Array(tensor.sizeBytes));
  });
}

describe("hostile safetensors", () => {
  it("mutated files give tensors or typed errors, and reserve no memory on their word", async () => {
    const outcome = await fuzz({ name: "safetensors", make }, inputCount(4000));
    expect(outcome.findings).toEqual([]);
    expect(outcome.read).toBeGreaterThan(outcome.inputs / 100);
    expect(outcome.refused["invalid-file"]).toBeGreaterThan(outcome.inputs / 4);
  }, 3_600_000);

  const place = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}';
  const many = (count: number) => `{${Array.from({ length: count }, (_, i) => `"t${i}":${place}`).join()}}`;
  it.each<[string, Uint8Array]>([
    ["a header said to have 100 MB in a stream of unknown length", fileOf("{}", 0, 100_000_000n)],
    ["nesting of 100,000", fileOf("[".repeat(100_000))],
    ["nesting of 100,000 where a shape belongs", fileOf(`{"w":{"shape":${"[".repeat(1e5)}${"]".repeat(1e5)}}}`)],
    ["100,000 tensors, none of them wanted", fileOf(many(100_000), 0)],
    ["a tensor whose name has 10 MB", fileOf(`{"${"m".repeat(1e7)}":${place}}`, 0)],
  ])("%s", async (_, bytes) => {
    for (let i = 0; i < 4; i++) {
      expect((await attempt(inputOf(bytes, createRandom(i)))).finding).toBeNull();
    }
  });
});
