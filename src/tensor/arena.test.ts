import { expect, test } from "vitest";
import { createReferenceBackend } from "../kernels/index.ts";
import { Arena } from "./arena.ts";

test("memory is aligned, given back by size, and not handed out twice", () => {
  const arena = new Arena(createReferenceBackend());
  const a = arena.take(10);
  const b = arena.take(10);
  expect(a % 64).toBe(0);
  expect(b - a).toBe(64);
  arena.give(a, 10);
  expect(arena.take(11)).not.toBe(a);
  expect(arena.take(10)).toBe(a);
  expect(arena.take(10)).not.toBe(a);
});

test("several chunks become one, so that equal steps reserve nothing more", () => {
  const backend = createReferenceBackend();
  const arena = new Arena(backend);
  const step = () => {
    for (let i = 0; i < 5; i++) arena.take(3_000_000);
    arena.reset();
    return backend.allocatedBytes;
  };
  const first = step();
  expect(first).toBeGreaterThanOrEqual(60_000_000);
  expect([step(), step()]).toEqual([first, first]);
  arena.free();
  expect(backend.allocatedBytes).toBe(0);
});
