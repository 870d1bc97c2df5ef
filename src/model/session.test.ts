// Sessions: one sequence each over a shared decoder.
import { describe, expect, it } from "vitest";
import { ContextOverflowError } from "../errors.ts";
import { createReferenceBackend } from "../kernels/index.ts";
import type { Session } from "./decoder.ts";
import { floatDecoder, randomIds, randomTensors, tinySpec, worst } from "./tiny.case.ts";

const spec = tinySpec();
const tensors = randomTensors(spec);

function create() {
  const backend = createReferenceBackend();
  return { backend, decoder: floatDecoder(backend, spec, tensors) };
}

function logitsAfter(session: Session, ids: ArrayLike<number>): Float32Array {
  session.append(ids);
  return session.logits().slice();
}

describe("a session", () => {
  const ids = randomIds(spec, 12);

  it.each(["f32", "int8"] as const)("truncated and continued equals a fresh one, %s cache", (kv) => {
    const { decoder } = create();
    const other = randomIds(spec, 12, 2);
    const session = decoder.createSession({ kv });
    session.append(ids);
    session.truncate(5);
    expect(session.length).toBe(5);
    const continued = logitsAfter(session, other.subarray(5));
    const fresh = logitsAfter(decoder.createSession({ kv }), [...ids.subarray(0, 5), ...other.subarray(5)]);
    expect(worst(continued, fresh)).toBeLessThan(1e-5);
    session.truncate(0);
    expect(logitsAfter(session, ids)).toEqual(logitsAfter(decoder.createSession({ kv }), ids));
  });

  it("does not disturb another one on the same decoder", () => {
    const { decoder } = create();
    const alone = decoder.createSession();
    alone.append(ids.subarray(0, 6));
    const wanted = logitsAfter(alone, ids.subarray(6));
    const [a, b] = [decoder.createSession(), decoder.createSession({ capacity: 9 })];
    a.append(ids.subarray(0, 6));
    b.append(randomIds(spec, 9, 3));
    expect(logitsAfter(a, ids.subarray(6))).toEqual(wanted);
  });

  it("remembers what came before: another beginning gives other logits", () => {
    const { decoder } = create();
    const last = (first: number) => logitsAfter(decoder.createSession(), [first, ...ids]);
    expect(worst(last(1), last(2))).toBeGreaterThan(0.01);
  });

  it("says both lengths when tokens do not fit, and is as it was", () => {
    const { decoder } = create();
    const session = decoder.createSession({ capacity: 8 });
    session.append(ids.subarray(0, 5));
    for (const run of [() => session.append([1, 2, 3, 4]), () => session.score([1, 2, 3, 4], () => {})]) {
      const error = errorOf(run);
      expect(error).toBeInstanceOf(ContextOverflowError);
      expect(error).toMatchObject({ needed: 9, context: 8, code: "context-overflow" });
      expect(error.message).toMatch(/^9 tokens do not fit in the context of 8;/);
    }
    expect(session.length).toBe(5);
    const fresh = decoder.createSession();
    fresh.append(ids.subarray(0, 5));
    expect(worst(logitsAfter(session, [1, 2, 3]), logitsAfter(fresh, [1, 2, 3]))).toBeLessThan(1e-5);
    expect(session.length).toBe(8);
  });

  it("takes no more than the model's context, and no senseless capacity", () => {
    const { decoder } = create();
    expect(errorOf(() => decoder.createSession({ capacity: 33 }))).toMatchObject({ needed: 33, context: 32 });
    for (const capacity of [0, -1, 1.5, Number.NaN]) {
      expect(errorOf(() => decoder.createSession({ capacity }))).toMatchObject({ code: "invalid-option" });
    }
    expect(decoder.createSession().capacity).toBe(32);
  });

  it.each([-1, 21, 0.5, Number.NaN])("refuses token id %s and is as it was", (id) => {
    const { decoder } = create();
    const session = decoder.createSession();
    session.append(ids.subarray(0, 4));
    const error = errorOf(() => session.append([3, id]));
    expect(error).toMatchObject({ code: "invalid-option" });
    expect(error.message).toBe(`token id ${id} is outside the vocabulary of 21`);
    expect(session.length).toBe(4);
    const fresh = logitsAfter(decoder.createSession(), ids.subarray(0, 7));
    expect(worst(logitsAfter(session, ids.subarray(4, 7)), fresh)).toBeLessThan(1e-5);
  });

  it("can be closed twice, and says so when it is used then; the memory goes back", () => {
    const { backend, decoder } = create();
    const before = backend.allocatedBytes;
    const session = decoder.createSession();
    expect(backend.allocatedBytes).toBeGreaterThan(before);
    session.close();
    session.close();
    expect(backend.allocatedBytes).toBe(before);
    for (const run of [() => session.append([1]), () => session.score([1], () => {})]) {
      expect(errorOf(run).message).toBe("the session is closed");
    }
    decoder.close();
    expect(backend.allocatedBytes).toBe(0);
  });

  it.each([-1, 5, 1.5])("cannot be truncated to %s of 4 tokens", (length) => {
    const session = create().decoder.createSession();
    session.append(ids.subarray(0, 4));
    expect(errorOf(() => session.truncate(length)).message).toBe(`cannot truncate a session of 4 tokens to ${length}`);
  });

  it("allocates nothing per token", () => {
    const { backend, decoder } = create();
    const session = decoder.createSession();
    session.append(ids);
    const before = backend.allocatedBytes;
    for (let i = 0; i < 10; i++) session.append([i]);
    expect(backend.allocatedBytes).toBe(before);
  });
});

function errorOf(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
