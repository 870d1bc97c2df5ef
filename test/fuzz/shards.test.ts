// Hostile shard indexes: files beside the index, or typed errors.
import { describe, expect, it } from "vitest";
import { readShardIndex, shardIndexFile } from "../../src/model/shards.ts";
import { createRandom, type Random } from "../../src/random.ts";
import { attempt, type FuzzInput, fuzz, inputCount } from "./fuzz.ts";
import { memorySource } from "./memory-source.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { jsonText, mutateJson, repeatName } from "./mutate-json.ts";

const shard = (i: number) => `model-0000${i}-of-00003.safetensors`;
const index = {
  metadata: { total_size: 4096 },
  weight_map: Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [`model.layers.${i}.mlp.up_proj.weight`, shard(i % 3)]),
  ),
};
const places = [
  "../",
  "../../etc/",
  "/",
  "C:\\",
  "a/",
  "a\\",
  "\u0000",
  ".",
  "..",
  "%2e%2e/",
  "file://",
  "\u202e",
  " ",
];

function make(random: Random): FuzzInput {
  const kind = random.below(3);
  if (kind === 0) return inputOf(mutateBytes(new TextEncoder().encode(JSON.stringify(index)), random), random);
  const value = kind === 1 ? mutateJson(index, random) : moved(random);
  const text = jsonText(value);
  return inputOf(new TextEncoder().encode(random.below(8) === 0 ? repeatName(text, random) : text), random);
}

/** File names that lead elsewhere. */
function moved(random: Random): unknown {
  const copy = structuredClone(index);
  const name = random.pick(Object.keys(copy.weight_map));
  const file = copy.weight_map[name]!;
  const at = random.pick([0, 0, random.below(file.length)]);
  copy.weight_map[name] = file.slice(0, at) + random.pick(places) + file.slice(at);
  return copy;
}

function inputOf(bytes: Uint8Array, random: Random): FuzzInput {
  const source = memorySource({ [shardIndexFile]: bytes }, random);
  const read = async () => {
    for (const file of (await readShardIndex(source))!.keys()) expect(file).toMatch(/^(?!\.)[\w.-]+\.safetensors$/);
  };
  return { sizeBytes: bytes.length, read };
}

describe("hostile model.safetensors.index.json", () => {
  it("mutated indexes give files of the same folder or typed errors", async () => {
    const outcome = await fuzz({ name: "shards", make }, inputCount(5000));
    expect(outcome.findings).toEqual([]);
    expect(outcome.read).toBeGreaterThan(outcome.inputs / 20);
    expect(outcome.refused["invalid-file"]).toBeGreaterThan(outcome.inputs / 4);
  }, 3_600_000);

  it("300,000 files are refused at the first too many", async () => {
    const entries = Array.from({ length: 300_000 }, (_, i) => `"w${i}":"${i}.safetensors"`).join();
    const bytes = new TextEncoder().encode(`{"weight_map":{${entries}}}`);
    const { finding, code } = await attempt(inputOf(bytes, createRandom(1)));
    expect([finding, code]).toEqual([null, "invalid-file"]);
  });
});
