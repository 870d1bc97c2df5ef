// Shard indexes: what they say, and names that would lead elsewhere.
import { describe, expect, it } from "vitest";
import type { FileSource } from "../source.ts";
import { parseShardIndex, readShardIndex, shardIndexFile } from "./shards.ts";

const index = {
  metadata: { total_size: 96 },
  weight_map: {
    "model.norm.weight": "model-00002-of-00002.safetensors",
    "model.embed_tokens.weight": "model-00001-of-00002.safetensors",
    "lm_head.weight": "model-00002-of-00002.safetensors",
  },
};

/** A directory in memory. */
function folder(files: Record<string, string>): FileSource {
  const open = async (file: string) => {
    const text = files[file];
    if (text === undefined) return null;
    const bytes = new TextEncoder().encode(text);
    return {
      sizeBytes: bytes.length,
      chunks: (async function* () {
        yield bytes;
      })(),
    };
  };
  return { name: "m", open };
}

describe("a shard index", () => {
  it("names each file with its tensors", async () => {
    const found = await readShardIndex(folder({ [shardIndexFile]: JSON.stringify(index) }));
    expect([...found!]).toEqual([
      ["model-00002-of-00002.safetensors", ["model.norm.weight", "lm_head.weight"]],
      ["model-00001-of-00002.safetensors", ["model.embed_tokens.weight"]],
    ]);
  });

  it("is null where there is none, and an error where it is not JSON", async () => {
    expect(await readShardIndex(folder({}))).toBeNull();
    await expect(readShardIndex(folder({ [shardIndexFile]: "{" }))).rejects.toThrow(
      "m/model.safetensors.index.json: not",
    );
  });

  it.each([
    ...["../../x.safetensors", "/etc/x.safetensors", "a/b.safetensors", "a\\b.safetensors", "x\0.safetensors"],
    ...["..safetensors", ".x.safetensors", "C:x.safetensors", "%2e%2e%2fx.safetensors", "", "model.bin"],
    ...[7, null, ["a.safetensors"], `${"x".repeat(300)}.safetensors`],
  ])("refuses the file name %j", (file) => {
    expect(() => parseShardIndex({ weight_map: { w: file } })).toThrow("not the plain name");
  });

  it.each([undefined, null, [], { weight_map: ["a.safetensors"] }, { weight_map: {} }])("refuses %j", (json) => {
    expect(() => parseShardIndex(json)).toThrow("model.safetensors.index.json: weight_map is");
  });

  it("refuses thousands of files", () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`w${i}`, `${i}.safetensors`]));
    expect(() => parseShardIndex({ weight_map: many })).toThrow("more than 4096 files");
  });
});
