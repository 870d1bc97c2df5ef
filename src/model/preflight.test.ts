// The memory that is foretold is the memory that is taken, and too little is an error before anything is read.
import { describe, expect, it } from "vitest";
import { createBackend, createReferenceBackend } from "../kernels/index.ts";
import type { FileSource } from "../source.ts";
import type { SpecInput } from "../spec/spec.ts";
import { Decoder } from "./decoder.ts";
import { loadDecoder } from "./load.ts";
import { memoryNeed } from "./preflight.ts";
import { tinySpec } from "./tiny.case.ts";

const shapes: Record<string, Partial<SpecInput>> = {
  "grouped queries": { width: 256, ffnWidth: 640, heads: 8, kvHeads: 2, vocabulary: 3000, context: 512 },
  "no gate, LayerNorm, an untied head": {
    width: 128,
    gated: false,
    norm: "layer",
    tiedEmbeddings: false,
    context: 700,
  },
  "repeated blocks, a short context": { width: 160, ffnWidth: 300, layerRepeat: 3, vocabulary: 500, context: 100 },
};

describe("memoryNeed", () => {
  it.each(Object.entries(shapes))("is within 2 %% of what is taken: %s", async (_name, changes) => {
    const spec = tinySpec({ layers: 4, ...changes });
    for (const backend of [createReferenceBackend(), await createBackend({ threads: 1 })]) {
      for (const format of ["f32", "int4"] as const) {
        const decoder = Decoder.random(backend, spec, 1, format);
        const session = decoder.createSession();
        session.reserve(spec.context);
        const { totalBytes } = memoryNeed(backend, spec, format);
        expect(totalBytes / backend.allocatedBytes, format).toBeGreaterThan(0.98);
        expect(totalBytes / backend.allocatedBytes, format).toBeLessThan(1.02);
        session.close();
        decoder.close();
      }
      await backend.close();
    }
  });
});

describe("loading with a preflight", () => {
  const config = { model_type: "llama", hidden_size: 4096, intermediate_size: 16384, num_hidden_layers: 64 };
  const rest = { num_attention_heads: 32, vocab_size: 50_000, max_position_embeddings: 2048, hidden_act: "silu" };
  const opened: string[] = [];
  const source: FileSource = {
    name: "there",
    async open(file) {
      opened.push(file);
      const bytes = new TextEncoder().encode(JSON.stringify({ ...config, ...rest }));
      return {
        sizeBytes: bytes.byteLength,
        chunks: (async function* () {
          yield bytes;
        })(),
      };
    },
  };

  it("refuses what no WebAssembly memory can hold, without opening the weights or taking memory", async () => {
    const backend = createReferenceBackend();
    await expect(loadDecoder(backend, source, { preflight: {} })).rejects.toMatchObject({
      code: "out-of-memory",
      message: expect.stringMatching(
        /^there: needs [\d,]+ MB \(weights [\d,]+ MB, KV cache [\d,]+ MB\) of the 4,295 MB allowed here; use a smaller model or a shorter context$/,
      ),
    });
    expect(opened).toEqual(["config.json"]);
    expect(backend.allocatedBytes).toBe(0);
  });
});
