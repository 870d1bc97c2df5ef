// Sessions as bytes: what comes back goes on as what was saved, and what cannot is refused by name.
import { describe, expect, it } from "vitest";
import { HandheldError } from "../errors.ts";
import { createReferenceBackend } from "../kernels/index.ts";
import type { SpecInput } from "../spec/spec.ts";
import type { Session } from "./session.ts";
import { restoreSession, saveSession } from "./session-file.ts";
import { floatDecoder, randomIds, randomTensors, tinySpec } from "./tiny.case.ts";

function create(changes: Partial<SpecInput> = {}, seed = 1) {
  const spec = tinySpec({ context: 200, ...changes });
  return floatDecoder(createReferenceBackend(), spec, randomTensors(spec, seed));
}

function logitsAfter(session: Session, ids: ArrayLike<number>): Float32Array {
  session.append(ids);
  return session.logits().slice();
}

const ids = randomIds(tinySpec(), 150);

describe("a saved session", () => {
  it.each(["int8", "f32"] as const)("goes on on another decoder of the same weights, %s cache", (kv) => {
    for (const length of [0, 1, 64, 65, 150]) {
      const session = create().createSession({ kv });
      session.append(ids.subarray(0, length));
      const restored = restoreSession(create(), saveSession(session), { capacity: 180 });
      expect([...restored.ids]).toEqual([...ids.subarray(0, length)]);
      expect(restored.capacity).toBe(180);
      expect(logitsAfter(restored, [3, 1])).toEqual(logitsAfter(session, [3, 1]));
    }
  });

  it("is its tokens and nothing of what was there before or of its clones", () => {
    const decoder = create();
    const session = decoder.createSession();
    session.append(ids);
    session.truncate(71);
    const fresh = decoder.createSession();
    fresh.append(ids.subarray(0, 71));
    const bytes = saveSession(session);
    expect(bytes).toEqual(saveSession(fresh));
    expect(bytes.length).toBe(32 + 71 * (4 + session.pages.pageBytes / 64));
    const clone = session.clone();
    clone.append([1]);
    expect(saveSession(session)).toEqual(bytes);
  });

  it("may be read with another context, and in bytes that are not aligned", () => {
    const session = create().createSession();
    session.append(ids);
    const bytes = saveSession(session);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(restoreSession(create({ context: 300 }), shifted.subarray(1)).length).toBe(150);
  });
});

describe("a saved session that cannot be used is refused, and the memory goes back", () => {
  const session = create().createSession();
  session.append(ids);
  const whole = saveSession(session);
  const changed = (at: number) => whole.map((byte, i) => (i === at ? byte ^ 1 : byte));

  it.each<[string, Uint8Array, Partial<SpecInput>, number, RegExp]>([
    ["nothing", new Uint8Array(0), {}, 1, /has 0 bytes, fewer than its header; it is truncated$/],
    ["half a header", whole.subarray(0, 31), {}, 1, /has 31 bytes, fewer than its header/],
    ["truncated", whole.subarray(0, whole.length - 1), {}, 1, /150 tokens need \d+; it is truncated or damaged$/],
    ["longer", new Uint8Array([...whole, 0]), {}, 1, /it is truncated or damaged$/],
    ["something else", changed(0), {}, 1, /is something else: it does not begin with HHKV$/],
    ["another version", changed(4), {}, 1, /has version 3, this program reads 2; save it again$/],
    ["another number format", changed(17), {}, 1, /is written in another form/],
    ["a changed id", changed(32), {}, 1, /is damaged: the checksum is another/],
    ["a changed key", changed(whole.length - 9), {}, 1, /is damaged: the checksum is another/],
    ["another architecture", whole, { activation: "relu" }, 1, /is of a model with another architecture/],
    ["another shape", whole, { kvHeads: 1 }, 1, /is of a model with another architecture/],
    ["other weights", whole, {}, 2, /is of a model with other weights/],
  ])("%s", (_what, bytes, changes, seed, message) => {
    const decoder = create(changes, seed);
    const before = decoder.backend.allocatedBytes;
    const error = thrownBy(() => restoreSession(decoder, bytes));
    expect(error).toBeInstanceOf(HandheldError);
    expect(error).toMatchObject({ code: "invalid-file" });
    expect(error.message).toMatch(/^the saved session /);
    expect(error.message).toMatch(message);
    expect(decoder.backend.allocatedBytes).toBe(before);
  });

  it("more tokens than fit", () => {
    const decoder = create();
    const before = decoder.backend.allocatedBytes;
    const error = thrownBy(() => restoreSession(decoder, whole, { capacity: 149 }));
    expect(error).toMatchObject({ code: "context-overflow", needed: 150, context: 149 });
    expect(decoder.backend.allocatedBytes).toBe(before);
  });
});

function thrownBy(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
