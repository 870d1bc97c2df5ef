// Sessions: one sequence each over a shared decoder.
import { describe, expect, it } from "vitest";
import { ContextOverflowError } from "../errors.ts";
import { createSampler } from "../generate/sampler.ts";
import { createReferenceBackend } from "../kernels/index.ts";
import { createRandom } from "../random.ts";
import type { SpecInput } from "../spec/spec.ts";
import type { Session } from "./session.ts";
import { floatDecoder, randomIds, randomTensors, tinySpec, worst } from "./tiny.case.ts";

const spec = tinySpec();
const tensors = randomTensors(spec);

function create(changes: Partial<Pick<SpecInput, "context">> = {}) {
  const backend = createReferenceBackend();
  return { backend, decoder: floatDecoder(backend, tinySpec(changes), tensors) };
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

  it("allocates nothing per token, and nothing but pages; none of them when they are reserved", () => {
    const { backend, decoder } = create({ context: 200 });
    const session = decoder.createSession();
    session.append(ids);
    const before = backend.allocatedBytes;
    for (let i = 0; i < 10; i++) session.append([i]);
    expect(backend.allocatedBytes).toBe(before);
    session.reserve(200);
    const reserved = backend.allocatedBytes;
    expect(reserved).toBe(before + 3 * session.pages.pageBytes);
    while (session.length < 200) session.append([1]);
    session.truncate(3);
    session.append([1, 2, 3]);
    expect(backend.allocatedBytes).toBe(reserved);
    session.append(randomIds(spec, 60));
    session.truncate(65);
    session.trim();
    expect(backend.allocatedBytes).toBe(before + session.pages.pageBytes);
    expect(logitsAfter(session, [4])).toHaveLength(spec.vocabulary);
    expect(errorOf(() => session.reserve(201))).toMatchObject({ needed: 201, context: 200 });
  });

  it("costs nothing but its table until it is used", () => {
    const { backend, decoder } = create({ context: 4096 });
    const before = backend.allocatedBytes;
    decoder.createSession();
    expect(backend.allocatedBytes - before).toBe(4 * (4096 + 64));
  });

  it("takes a prompt: what it holds already is kept, the last token runs again", () => {
    const { decoder } = create();
    const session = decoder.createSession();
    expect(session.prompt(ids)).toBe(0);
    const wanted = session.logits().slice();
    expect(session.prompt(ids)).toBe(11);
    expect(worst(session.logits(), wanted)).toBeLessThan(1e-5);
    const other = [...ids.subarray(0, 7), (ids[7]! + 1) % spec.vocabulary, 3];
    expect(session.prompt(other)).toBe(7);
    expect([...session.ids]).toEqual(other);
    expect(worst(session.logits(), logitsAfter(decoder.createSession(), other))).toBeLessThan(1e-5);
    expect(session.prompt([(ids[0]! + 1) % spec.vocabulary])).toBe(0);
    expect(errorOf(() => session.prompt(new Int32Array(33)))).toMatchObject({ needed: 33, context: 32 });
  });

  it("says so when its logits are another session's, or changed", () => {
    const { decoder } = create();
    const [a, b] = [decoder.createSession(), decoder.createSession()];
    const gone = /^the session's logits are gone/;
    expect(errorOf(() => a.logits()).message).toMatch(gone);
    a.append([1]);
    b.append([2]);
    expect(errorOf(() => a.logits()).message).toMatch(gone);
    const greedy = decoder.createSampler();
    expect(errorOf(() => a.sample(greedy)).message).toMatch(gone);
    expect(b.sample(greedy)).toBe(b.sample(greedy));
    const penalizing = decoder.createSampler({ repetitionPenalty: 2 });
    b.sample(penalizing);
    expect(errorOf(() => b.sample(penalizing)).message).toMatch(gone);
    a.append([1]);
    a.truncate(1);
    expect(errorOf(() => a.logits()).message).toMatch(gone);
  });

  it("samples what a sampler in JavaScript samples from its logits", () => {
    const { backend, decoder } = create();
    const before = backend.allocatedBytes;
    const options = { temperature: 1.5, topK: 9, topP: 0.9, minP: 0.01, repetitionPenalty: 1.4, seed: 3 };
    const [inMemory, inScript] = [decoder.createSampler(options), createSampler(options)];
    const session = decoder.createSession();
    session.append(ids.subarray(0, 4));
    for (let i = 0; i < 20; i++) {
      const logits = session.logits().slice();
      // Penalised from the third token on; only even tokens are allowed.
      const allowed = { writeBits: (words: Uint32Array) => words.fill(0x55555555) };
      const history = [...session.ids.subarray(2)];
      const even = logits.map((logit, id) => (id % 2 === 0 ? logit : -Infinity));
      const id = session.sample(inMemory, { allowed, penalizeFrom: 2 });
      expect(id).toBe(inScript.sample(even, history));
      session.append([id]);
    }
    session.close();
    inMemory.close();
    inMemory.close();
    expect(backend.allocatedBytes).toBe(before);
  });
});

describe("a clone", () => {
  const long = randomIds(spec, 100);

  it.each(["f32", "int8"] as const)("and its origin go on as if alone, %s cache", (kv) => {
    const { decoder } = create({ context: 200 });
    for (const length of [1, 63, 64, 65, 100]) {
      const origin = decoder.createSession({ kv });
      origin.append(long.subarray(0, length));
      const clone = origin.clone();
      const [mine, its] = [randomIds(spec, 70, 5), randomIds(spec, 70, 6)];
      for (const [session, ids] of [
        [clone, its],
        [origin, mine],
      ] as const) {
        const fresh = decoder.createSession({ kv });
        fresh.append(long.subarray(0, length));
        expect(logitsAfter(session, ids), `${length}`).toEqual(logitsAfter(fresh, ids));
      }
    }
  });

  it("shares pages until one of the two writes into the last", () => {
    const { backend, decoder } = create({ context: 200 });
    const empty = backend.allocatedBytes;
    const origin = decoder.createSession();
    origin.append(long);
    const { pageBytes } = origin.pages;
    const before = backend.allocatedBytes;
    const clone = origin.clone();
    const table = backend.allocatedBytes - before;
    expect(table).toBeLessThan(pageBytes);
    clone.append([1]);
    expect(backend.allocatedBytes - before).toBe(table + pageBytes);
    origin.append([1]); // now the page is its own
    expect(backend.allocatedBytes - before).toBe(table + pageBytes);
    origin.close();
    clone.append([2]);
    clone.close();
    expect(backend.allocatedBytes).toBe(empty);
  });

  it("has the logits of its origin, and may be shorter, with another capacity", () => {
    const { decoder } = create({ context: 200 });
    const origin = decoder.createSession();
    origin.append(long);
    expect(origin.clone().logits()).toEqual(origin.logits());
    const short = origin.clone({ length: 70, capacity: 80 });
    expect([short.length, short.capacity]).toEqual([70, 80]);
    expect(errorOf(() => short.logits()).message).toMatch(/^the session's logits are gone/);
    const fresh = decoder.createSession();
    fresh.append(long.subarray(0, 70));
    expect(logitsAfter(short, [1, 2])).toEqual(logitsAfter(fresh, [1, 2]));
    expect(errorOf(() => origin.clone({ length: 101 })).message).toBe("cannot clone 101 tokens of a session of 100");
    expect(errorOf(() => origin.clone({ capacity: 99 }))).toMatchObject({ needed: 100, context: 99 });
  });

  it("truncated leaves its origin whole, and the other way round", () => {
    const { decoder } = create({ context: 200 });
    const origin = decoder.createSession();
    origin.append(long);
    const clone = origin.clone();
    clone.truncate(10);
    logitsAfter(clone, randomIds(spec, 120, 4));
    const whole = origin.clone();
    origin.truncate(0);
    origin.append(randomIds(spec, 90, 3));
    const fresh = decoder.createSession();
    fresh.append(long);
    expect(logitsAfter(whole, [1])).toEqual(logitsAfter(fresh, [1]));
  });
});

describe("1,000 sessions, created, used and dropped", () => {
  it("leave exactly the memory that was there before, one after the other and many at once", () => {
    const { backend, decoder } = create({ context: 256 });
    const before = backend.allocatedBytes;
    const random = createRandom(1);
    const alive: Session[] = [];
    let most = 0;
    for (let i = 0; i < 1000; i++) {
      if (alive.length === 20) alive.splice(random.below(20), 1)[0]!.close();
      const origin = random.below(3) === 0 ? alive[random.below(alive.length)] : undefined;
      const session = origin?.clone() ?? decoder.createSession();
      session.append(randomIds(spec, Math.min(1 + random.below(4), session.capacity - session.length)));
      alive.push(session);
      most = Math.max(most, backend.allocatedBytes - before);
    }
    expect(most).toBeLessThan(20 * (2 * alive[0]!.pages.pageBytes + 4 * 320));
    for (const session of alive) session.close();
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
