// Blocks are those of Python's `gguf` to the byte (test/parity/gguf_files.py), and come back within half a step.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { unpackGgml } from "./ggml.ts";
import { packedTypes, packGgml } from "./ggml-pack.ts";

const fixture = JSON.parse(
  readFileSync(new URL("../../test/parity/fixtures/gguf/packed.json", import.meta.url), "utf8"),
) as Record<string, string>;
const bytes = (name: string) => new Uint8Array(Buffer.from(fixture[name]!, "base64"));
const floats = new Float32Array(bytes("floats").buffer);

describe("packGgml", () => {
  it.each(["F16", "Q8_0", "Q4_0"] as const)("%s: Python's bytes", (type) => {
    expect(Buffer.from(packGgml(type, floats)).equals(Buffer.from(bytes(type)))).toBe(true);
  });

  it.each(packedTypes)("%s: values come back within a step of their block", (type) => {
    const back = new Float32Array(floats.length);
    unpackGgml(type, packGgml(type, floats), back);
    const step = { F32: 0, F16: 0, Q8_0: 0.5 / 127, Q4_0: 1 / 8 }[type] + 2 ** -11; // scales are halves themselves
    for (let block = 0; block < floats.length; block += 32) {
      const most = Math.max(...floats.subarray(block, block + 32).map(Math.abs));
      for (let i = block; i < block + 32; i++) {
        expect(Math.abs(back[i]! - floats[i]!)).toBeLessThanOrEqual(step * most + 2 ** -24);
      }
    }
  });

  it("refuses what does not fit", () => {
    expect(() => packGgml("F16", Float32Array.of(70_000))).toThrow("the value 70000 does not fit F16");
    expect(() => packGgml("Q8_0", new Float32Array(32).fill(Number.NaN))).toThrow("the value NaN does not fit Q8_0");
    expect(packGgml("Q8_0", new Float32Array(32).fill(70_000))).toHaveLength(34);
  });
});
