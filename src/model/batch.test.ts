// Several sessions at once give what each gives alone.
import { describe, expect, it } from "vitest";
import { createReferenceBackend } from "../kernels/index.ts";
import type { SpecInput } from "../spec/spec.ts";
import { Batch } from "./batch.ts";
import type { Session } from "./session.ts";
import { floatDecoder, randomIds, randomTensors, tinySpec, worst } from "./tiny.case.ts";

function create(changes: Partial<SpecInput> = {}) {
  const spec = tinySpec(changes);
  const backend = createReferenceBackend();
  return { spec, backend, decoder: floatDecoder(backend, spec, randomTensors(spec)) };
}

/** Logits of all tokens behind a prefix, in a session of their own. */
function alone(decoder: ReturnType<typeof create>["decoder"], prefix: ArrayLike<number>, ids: ArrayLike<number>) {
  const session = decoder.createSession({ kv: "f32" });
  session.append(prefix);
  const rows: Float32Array[] = [];
  session.score(ids, (_, logits) => rows.push(logits.slice()));
  session.close();
  return rows;
}

describe("a batch", () => {
  const variants: [string, Partial<SpecInput>][] = [
    ["rotary positions", {}],
    ["learned positions", { positions: "learned", norm: "layer" }],
    ["ALiBi", { positions: "alibi" }],
    ["parallel residuals", { parallelResidual: true }],
    ["a window", { slidingWindow: 4 }],
    ["capped logits", { logitCap: 2, attentionCap: 3 }],
  ];

  it.each(variants)("of three sessions has each one's logits: %s", (_, changes) => {
    const { spec, backend, decoder } = create(changes);
    const before = backend.allocatedBytes;
    const prefixes = [3, 0, 7].map((length, i) => randomIds(spec, length, i + 1));
    const tails = [5, 9, 1].map((length, i) => randomIds(spec, length, i + 11));
    const sessions = prefixes.map((prefix) => {
      const session = decoder.createSession({ kv: "f32" });
      session.append(prefix);
      return session;
    });
    const batch = new Batch(decoder);
    const got: Float32Array[][] = [[], [], []];
    const parts = sessions.map((session, i) => ({ session, ids: tails[i]!, wanted: [...tails[i]!.keys()] }));
    batch.append(parts, (part, index, { logits, max, logSum }) => {
      expect(index).toBe(got[part]!.length);
      got[part]!.push(logits.slice());
      expect(max).toBe(Math.max(...logits));
      expect(logSum).toBeCloseTo(Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)), 4);
    });
    got.forEach((rows, i) => {
      expect(sessions[i]!.length).toBe(prefixes[i]!.length + tails[i]!.length);
      alone(decoder, prefixes[i]!, tails[i]!).forEach((wanted, j) => {
        expect(worst(rows[j]!, wanted)).toBeLessThan(1e-5);
      });
    });
    batch.close();
    for (const session of sessions) session.close();
    expect(backend.allocatedBytes).toBe(before);
  });

  it("hands out the wanted rows only, and leaves sessions that go on as if alone", () => {
    const { spec, decoder } = create();
    const ids = randomIds(spec, 12);
    const root = decoder.createSession({ kv: "f32" });
    root.append(ids.subarray(0, 4));
    const branches = [4, 3].map((length) => root.clone({ length }));
    const batch = new Batch(decoder);
    const seen: [number, number][] = [];
    const parts = [
      { session: branches[0]!, ids: ids.subarray(4, 8), wanted: [3] },
      { session: branches[1]!, ids: ids.subarray(5, 8), wanted: [] },
    ];
    batch.append(parts, (part, index) => seen.push([part, index]));
    expect(seen).toEqual([[0, 3]]);
    const next = (session: Session) => {
      session.append(ids.subarray(8));
      return session.logits().slice();
    };
    const last = (prefix: number[], tail: ArrayLike<number>) => alone(decoder, prefix, tail).at(-1)!;
    expect(worst(next(branches[0]!), last([...ids.subarray(0, 8)], ids.subarray(8)))).toBeLessThan(1e-5);
    const second = [...ids.subarray(0, 3), ...ids.subarray(5, 8)];
    expect(worst(next(branches[1]!), last(second, ids.subarray(8)))).toBeLessThan(1e-5);
    expect([...root.ids]).toEqual([...ids.subarray(0, 4)]);
  });

  it("refuses more tokens than it has room for, and more than a session has", () => {
    const { spec, decoder } = create();
    const batch = new Batch(decoder);
    const [a, b] = [decoder.createSession(), decoder.createSession()];
    const ids = randomIds(spec, 20);
    const parts = [a, b].map((session) => ({ session, ids, wanted: [] }));
    expect(() => batch.append(parts)).toThrow(/a batch of 40 tokens is above its capacity of 32/);
    const small = decoder.createSession({ capacity: 4 });
    expect(() => batch.append([{ session: small, ids, wanted: [] }])).toThrow(/20 tokens do not fit/);
    expect([a.length, small.length]).toEqual([0, 0]);
  });
});
