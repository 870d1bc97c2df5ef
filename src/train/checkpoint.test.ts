import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeCheckpoint, differingSetting, encodeCheckpoint, fileCheckpoints } from "./checkpoint.ts";

const checkpoint = {
  buffers: new Map([
    ["parameters", Float32Array.of(1, -2, 3.5)],
    ["m", Float32Array.of(0.1, 0, 7)],
  ]),
  state: { step: 3 },
  settings: { recipe: { seed: 1 } },
};

test("a checkpoint is what it was after a file, and the file is whole or absent", async () => {
  const folder = await mkdtemp(join(tmpdir(), "handheld-checkpoint-"));
  const store = fileCheckpoints(join(folder, "deep", "run.checkpoint"));
  expect(await store.load()).toBeNull();
  await store.save(encodeCheckpoint(checkpoint));
  await store.save(encodeCheckpoint(checkpoint));
  expect(decodeCheckpoint((await store.load())!)).toEqual(checkpoint);
  expect(await readdir(join(folder, "deep"))).toEqual(["run.checkpoint"]);
  await rm(folder, { recursive: true });
});

test("the file is valid safetensors: an 8-byte length, a JSON header, aligned data", () => {
  const bytes = encodeCheckpoint(checkpoint);
  const size = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size)));
  expect(size % 8).toBe(0);
  expect(header.m).toEqual({ dtype: "F32", shape: [3], data_offsets: [12, 24] });
  expect(bytes.length).toBe(8 + size + 24);
});

test("the first setting that differs is named with both values", () => {
  const before = { recipe: { seed: 1, ema: 0 }, task: "a" };
  expect(differingSetting(before, { recipe: { seed: 1, ema: 0 }, task: "a" })).toBeNull();
  expect(differingSetting(before, { recipe: { seed: 2, ema: 0 }, task: "a" })).toBe("recipe.seed was 1, is 2");
  expect(differingSetting(before, { recipe: { seed: 1, ema: 0 } })).toBe('task was "a", is undefined');
});
