// The plan is what a decoder does: the operations and shapes of a plan against those that a real forward pass queues, and
// the work that the engine counts for them.
import { describe, expect, it } from "vitest";
import { type Backend, kvPageTokens } from "../../kernels/backend.ts";
import { createBackend, createReferenceBackend, detectSimd } from "../../kernels/index.ts";
import { Decoder, defaultChunk } from "../../model/decoder.ts";
import { tinySpec } from "../../model/tiny.case.ts";
import type { Spec } from "../../spec/spec.ts";
import { type OperationSink, planForward } from "./plan.ts";
import { operationWork } from "./work.ts";

const variants: Record<string, Partial<Spec>> = {
  plain: {},
  "untied, SiLU, grouped heads": { tiedEmbeddings: false, activation: "silu", kvHeads: 1 },
  "layer sharing": { layerRepeat: 3 },
  "LayerNorm, GELU, not gated, biases": {
    norm: "layer",
    activation: "gelu",
    gated: false,
    qkvBias: true,
    outputBias: true,
    ffnBias: true,
    headBias: true,
  },
  sandwich: { normPlacement: "sandwich", qkNorm: "head", logitCap: 30, attentionCap: 50 },
  "norms of the output, of whole widths": { normPlacement: "output", qkNorm: "width" },
  "norms behind the sum": { normPlacement: "post", positions: "learned" },
  "norms in the stream, ALiBi": { normPlacement: "stream", positions: "alibi", embeddingNorm: true },
  "attention beside the FFN": { parallelResidual: true, activation: "silu" },
  "a narrow embedding": { embeddingWidth: 16 },
  "a shared FFN": { sharedFfn: true },
  "sliding windows": { slidingWindow: 5, fullLayers: [1] },
  "latent attention": {
    kvHeads: 4,
    latent: { query: 24, keyValue: 16, valueSize: 8, normEps: 1e-6 },
    ropeSize: 8,
    activation: "silu",
  },
  "FFNs of odd widths": { ffnWidth: 44 },
};

/** "operation shape" → how often. */
type Counts = Map<string, number>;
const count = (counts: Counts, key: string, times: number) => {
  if (times > 0) counts.set(key, (counts.get(key) ?? 0) + times);
};

const planned = (spec: Spec, tokens: number, position: number): Counts => {
  const counts: Counts = new Map();
  const sink: OperationSink = {
    matmul: (_, N, M, K, times) => count(counts, `matmul ${N} ${M} ${K}`, times),
    attention: (N, at, H, K, D, window, stored, times) => {
      count(counts, `kvAppend ${stored} ${K * D}`, times);
      count(counts, `attention ${N} ${at} ${H} ${K} ${D} ${window}`, times);
    },
    rows: (kind, N, width, times) => count(counts, `${kind} ${N} ${width}`, times),
  };
  planForward(spec, tokens, position, sink);
  return counts;
};

/** A backend that keeps what it is asked for, in the plan's words. */
function recorder(backend: Backend, counts: Counts): Backend {
  const note = (key: string) => count(counts, key, 1);
  const words: Partial<Record<keyof Backend, (...args: never[]) => void>> = {
    gatherInt4: (_o: 0, _t: 0, _i: 0, N: number, C: number) => note(`gather ${N} ${C}`),
    quantizeRows: (_o: 0, _x: 0, N: number, K: number) => note(`quantize ${N} ${K}`),
    matmulInt4: (_o: 0, _x: 0, _w: 0, N: number, M: number, K: number) => note(`matmul ${N} ${M} ${K}`),
    rmsNorm: (_o: 0, _x: 0, _w: 0, N: number, C: number) => note(`rmsNorm ${N} ${C}`),
    layerNorm: (_o: 0, _x: 0, _w: 0, _b: 0, N: number, C: number) => note(`layerNorm ${N} ${C}`),
    normParts: (_x: 0, _w: 0, _b: 0, N: number, parts: number, width: number, _s: 0, _e: 0, norm: string) =>
      note(`${norm}Norm ${N * parts} ${width}`),
    rope: (_x: 0, _t: 0, _p: 0, N: number, heads: number, D: number) => note(`rope ${N} ${heads * D}`),
    activate: (_o: 0, _g: 0, _u: 0, N: number, F: number, _s: 0, activation: string) =>
      note(`${activation.replace("_tanh", "")} ${N} ${F}`),
    kvAppend: (_c: 0, _k: 0, _v: 0, N: number, _p: 0, K: number, D: number) => note(`kvAppend ${N} ${K * D}`),
    attentionCached: (
      _o: 0,
      _q: 0,
      _c: 0,
      N: number,
      position: number,
      H: number,
      K: number,
      D: number,
      _s: 0,
      how: { window: number },
    ) => note(`attention ${N} ${position} ${H} ${K} ${D} ${how.window}`),
    addBias: (_o: 0, _b: 0, N: number, M: number) => note(`add ${N} ${M}`),
    softCap: (_x: 0, n: number) => note(`gelu 1 ${n}`),
  };
  return new Proxy(backend, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown;
      if (typeof value !== "function") return value;
      return (...args: never[]) => {
        words[key as keyof Backend]?.(...args);
        if (key === "add" || key === "clamp") note(`add of ${args.at(key === "add" ? 3 : 1)}`);
        return (value as (...args: never[]) => unknown).apply(target, args);
      };
    },
  });
}

// Sums of whole buffers have no rows: compare their numbers.
const withoutRows = (counts: Counts): Counts => {
  const result: Counts = new Map();
  for (const [key, times] of counts) {
    const [kind, N, width] = key.split(" ");
    count(result, kind === "add" && N !== "of" ? `add of ${Number(N) * Number(width)}` : key, times);
  }
  return new Map([...result].sort());
};

describe("a plan is what the decoder queues", () => {
  for (const [title, changes] of Object.entries(variants)) {
    it(title, () => {
      const backend = createReferenceBackend();
      const spec = tinySpec({ context: 2 * defaultChunk, ...changes });
      const counts: Counts = new Map();
      const decoder = Decoder.random(recorder(backend, counts), spec, 1);
      const session = decoder.createSession({ capacity: 2 * kvPageTokens });
      for (const [tokens, position] of [
        [9, 0],
        [1, 9],
        [7, 10],
      ] as const) {
        counts.clear();
        session.append(Array.from({ length: tokens }, (_, i) => i));
        expect(withoutRows(counts), `${tokens} behind ${position}`).toEqual(
          withoutRows(planned(spec, tokens, position)),
        );
      }
      session.close();
      decoder.close();
    });
  }

  it("prompts of several chunks", () => {
    const backend = createReferenceBackend();
    const spec = tinySpec({ context: 2 * defaultChunk, layerRepeat: 2 });
    const counts: Counts = new Map();
    const decoder = Decoder.random(recorder(backend, counts), spec, 1);
    const session = decoder.createSession({ capacity: defaultChunk + 3 });
    counts.clear();
    session.append(new Uint32Array(defaultChunk + 3));
    expect(withoutRows(counts)).toEqual(withoutRows(planned(spec, defaultChunk + 3, 0)));
  });
});

describe.skipIf(detectSimd() === "none")("work is counted as the engine does", () => {
  it("of every operation", async () => {
    const backend = await createBackend({ threads: 1 });
    const counted = () => (backend as unknown as { work: number }).work;
    const page = backend.alloc(1 << 22);
    const layer = { pages: page, keys: 0, values: 1 << 16, format: "int8" as const };
    const work = (queue: () => void) => {
      backend.flush();
      queue();
      const result = counted();
      (backend as unknown as { queued: number; work: number }).queued = 0; // counted, not run
      (backend as unknown as { queued: number; work: number }).work = 0;
      return result;
    };
    const [N, C] = [6, 64];
    expect(work(() => backend.matmulInt4(page, page, page, N, 40, C, 40, false))).toBe(operationWork.matmul(N, 40, C));
    expect(work(() => backend.attentionCached(page, page, layer, N, 10, 4, 2, 16, 128))).toBe(
      operationWork.attention(N, 10, 4, 16),
    );
    expect(work(() => backend.gatherInt4(page, page, page, N, C))).toBe(operationWork.rows("gather", N, C));
    expect(work(() => backend.quantizeRows(page, page, N, C))).toBe(operationWork.rows("quantize", N, C));
    expect(work(() => backend.rmsNorm(page, page, page, N, C, 1, 0))).toBe(operationWork.rows("rmsNorm", N, C));
    expect(work(() => backend.layerNorm(page, page, page, 0, N, C, 1, 0))).toBe(operationWork.rows("layerNorm", N, C));
    expect(work(() => backend.rope(page, page, page, N, 4, 16, C, false))).toBe(operationWork.rows("rope", N, C));
    for (const kind of ["relu", "silu", "gelu"] as const) {
      expect(work(() => backend.activate(page, page, page, N, C, C, kind))).toBe(operationWork.rows(kind, N, C));
    }
    expect(work(() => backend.kvAppend(layer, page, page, N, 0, 4, 16, C))).toBe(operationWork.rows("kvAppend", N, C));
    expect(work(() => backend.add(page, page, page, N * C))).toBe(operationWork.rows("add", N, C));
    expect(work(() => backend.argmax(page, page, C))).toBe(operationWork.rows("argmax", 1, C));
    await backend.close();
  });
});
