// Parameter counts against the published tables; bytes, cache and FLOPs against counts done by hand.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  countParameters,
  decodeBytes,
  decodeFlops,
  forwardFlops,
  kvBytesPerToken,
  matrixBytes,
  modelBytes,
  prefillFlops,
  trainingFlopsPerToken,
} from "./arithmetic.ts";
import { preset } from "./presets.ts";
import { createSpec } from "./spec.ts";

const millions = (name: string) => countParameters(preset(name)).total / 1e6;

describe("parameters of MobileLLM, Table 9 (vocabulary 32,000, tied embeddings)", () => {
  // The table cuts instead of rounding: 345.355 is printed as 345.3M and 603.188 as 603.1M.
  it.each([
    ["125M", 124_635_456, "124.6"],
    ["350M", 345_355_200, "345.3"],
    ["600M", 603_188_352, "603.1"],
  ])("MobileLLM-%s has exactly %i, printed as %sM", (size, total, printed) => {
    expect(countParameters(preset(`MobileLLM-${size}`)).total).toBe(total);
    expect((Math.floor(total / 1e5) / 10).toFixed(1)).toBe(printed);
  });

  it.each([
    ["1B", 1_005_461_760, "1.0"],
    ["1.5B", 1_511_188_800, "1.5"],
  ])("MobileLLM-%s has exactly %i, printed as %s0B", (size, total, printed) => {
    expect(countParameters(preset(`MobileLLM-${size}`)).total).toBe(total);
    expect((total / 1e9).toFixed(1)).toBe(printed);
  });

  it("layer sharing adds no parameters (Table 10), only work and cache", () => {
    for (const size of ["125M", "350M", "600M"]) {
      const plain = preset(`MobileLLM-${size}`);
      const shared = preset(`MobileLLM-${size}-LS`);
      expect(countParameters(shared)).toEqual(countParameters(plain));
      expect(kvBytesPerToken(shared)).toBe(2 * kvBytesPerToken(plain));
    }
  });
});

// PhoneLM Table 7 as [group, rows, params_m, hidden, intermediate, layers]. All with vocabulary 49,152 and tied
// embeddings. The paper prints one number for every head layout of a shape; it is the one of full attention
// (kv_heads = heads, where 16/16 and 4/4 heads count the same).
const table7 = [
  ["100M", [1, 2], 106.73, 1280, 2096, 3],
  ["100M", [3, 4, 5, 6, 7, 8], 101.42, 768, 2046, 9],
  ["100M", [9, 10], 99.54, 704, 1856, 11],
  ["100M", [11, 12, 13, 14, 15, 16], 100.0, 576, 1536, 18],
  ["100M", [17, 18], 101.06, 448, 1184, 33],
  ["200M", [1, 2], 201.32, 2048, 5460, 2],
  ["200M", [3, 4], 188.76, 1536, 4096, 4],
  ["200M", [5, 6, 7, 8, 9, 10], 199.78, 1024, 2688, 12],
  ["200M", [11, 12, 13, 14, 15, 16], 182.2, 704, 1856, 25],
  ["200M", [17, 18], 187.61, 576, 1536, 40],
] as const;

// The eight rows with 16 query and 4 key/value heads have fewer parameters than printed: [printed, ours].
const groupedRows: Record<string, [printed: number, actual: number]> = {
  "100M 5": [101.42, 93.46],
  "100M 8": [101.42, 93.46],
  "100M 13": [100.0, 91.04],
  "100M 16": [100.0, 91.04],
  "200M 7": [199.78, 180.9],
  "200M 10": [199.78, 180.9],
  "200M 13": [182.2, 163.61],
  "200M 16": [182.2, 163.61],
};

function phoneLmMillions(hidden: number, intermediate: number, layers: number, heads: number, kvHeads: number): number {
  const spec = createSpec({ layers, width: hidden, ffnWidth: intermediate, heads, kvHeads, vocabulary: 49_152 });
  return Math.round(countParameters(spec).total / 1e4) / 100;
}

describe("parameters of PhoneLM, Table 7 (vocabulary 49,152, tied embeddings)", () => {
  it.each(table7)("%s rows %j: %d M with full attention", (_group, _rows, printed, hidden, intermediate, layers) => {
    expect(phoneLmMillions(hidden, intermediate, layers, 16, 16)).toBe(printed);
    expect(phoneLmMillions(hidden, intermediate, layers, 4, 4)).toBe(printed);
  });

  const file = new URL("../../../shared/reference/phonelm-table7.csv", import.meta.url);
  it.skipIf(!existsSync(file))(
    "28 of the 36 rows of the file match; the 8 grouped-query rows do not (needs ../shared/reference)",
    () => {
      const rows = readFileSync(file, "utf8").trim().split("\n").slice(1);
      const different: Record<string, [number, number]> = {};
      for (const row of rows) {
        const cells = row.split(",");
        const [printed, hidden, intermediate, layers] = cells.slice(2, 6).map(Number) as [
          number,
          number,
          number,
          number,
        ];
        const actual = phoneLmMillions(hidden, intermediate, layers, Number(cells[7]), Number(cells[8]));
        if (actual !== printed) different[`${cells[0]} ${cells[1]}`] = [printed, actual];
      }
      expect(rows).toHaveLength(36);
      expect(different).toEqual(groupedRows);
    },
  );

  it("PhoneLM-0.5B has 509.7 M and PhoneLM-1.5B 1,618.6 M", () => {
    expect(millions("PhoneLM-0.5B")).toBeCloseTo(509.658, 3);
    expect(millions("PhoneLM-1.5B")).toBeCloseTo(1618.593, 3);
  });
});

describe("bytes and FLOPs of a spec counted by hand", () => {
  const tiny = createSpec({ layers: 2, width: 64, ffnWidth: 96, heads: 4, kvHeads: 2, vocabulary: 100 });
  const block = 64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 96;

  it("counts blocks, norms and embeddings", () => {
    expect(countParameters(tiny)).toEqual({
      total: 100 * 64 + 2 * (block + 128) + 64,
      embedding: 6400,
      head: 0,
      perBlock: block + 128,
      attention: 64 * 64 * 2 + 64 * 32 * 2,
      ffn: 3 * 64 * 96,
      norms: 5 * 64,
    });
    const other = createSpec({ ...tiny, tiedEmbeddings: false, norm: "layer", gated: false });
    expect(countParameters(other).head).toBe(6400);
    expect(countParameters(other).norms).toBe(5 * 128);
    expect(countParameters(other).ffn).toBe(2 * 64 * 96);
  });

  it("stores 8 rows × 32 columns, padded, as 144 bytes in int4 and 256 in int8, with a scale per row", () => {
    expect(matrixBytes(8, 32, "int4")).toBe(144);
    expect(matrixBytes(9, 33, "int4")).toBe(4 * 144);
    expect(matrixBytes(9, 33, "int8")).toBe(2 * (2 * 256 + 8 * 4));
    expect(modelBytes(tiny, "f32")).toBe(4 * countParameters(tiny).total);
    expect(modelBytes(tiny, "f16")).toBe(2 * (6400 + 2 * block) + 4 * 320);
    expect(modelBytes(tiny, "int4")).toBe(13 * 2 * 144 + (2 * block * 4.5) / 8 + 4 * 320);
  });

  it("keeps keys and values of both heads in both blocks", () => {
    expect(kvBytesPerToken(tiny, "f32")).toBe(2 * 2 * 2 * 16 * 4);
    expect(kvBytesPerToken(tiny, "int8")).toBe(2 * 2 * 2 * (16 + 4));
  });

  it("prefill equals the decode steps it replaces, less the logits it does not compute", () => {
    let steps = 0;
    for (let context = 0; context < 5; context++) steps += decodeFlops(tiny, context);
    expect(prefillFlops(tiny, 5)).toBe(steps - 4 * 2 * 6400);
    expect(forwardFlops(tiny, { tokens: 5, logits: "all" })).toBe(steps);
    expect(trainingFlopsPerToken(tiny, 5)).toBe((3 * steps) / 5);
    expect(decodeFlops(tiny, 0)).toBe(2 * (2 * block + 4 * 64 * 0.5 * 2) + 2 * 6400);
  });

  it("reads every weight once a token, plus the cache", () => {
    const weights = modelBytes(tiny, "int8") + (13 * (2 * 256 + 32)) / 100;
    expect(decodeBytes(tiny, 0, "int8")).toBe(weights);
    expect(decodeBytes(tiny, 10, "int8", "f32")).toBe(weights + 10 * kvBytesPerToken(tiny, "f32"));
  });
});
