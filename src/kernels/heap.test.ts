// The heap: what is freed is found again, so that a long life costs no more memory than its busiest moment.
import { describe, expect, it } from "vitest";
import { createRandom } from "../random.ts";
import { Heap } from "./heap.ts";

function create() {
  const grown = { end: 0 };
  const heap = new Heap(100, (end) => {
    grown.end = Math.max(grown.end, end);
  });
  return { heap, grown };
}

describe("the heap", () => {
  it("hands out aligned addresses that do not overlap, and counts their bytes", () => {
    const { heap } = create();
    const [a, b, c] = [heap.alloc(1), heap.alloc(65), heap.alloc(0)];
    expect([a, b, c]).toEqual([128, 192, 320]);
    expect(heap.allocatedBytes).toBe(64 + 128 + 64);
  });

  it("joins freed neighbours and uses them again", () => {
    const { heap, grown } = create();
    const blocks = Array.from({ length: 6 }, () => heap.alloc(64));
    heap.alloc(64);
    for (const i of [1, 3, 2]) heap.free(blocks[i]!);
    expect(heap.alloc(192)).toBe(blocks[1]);
    expect(grown.end).toBe(128 + 7 * 64);
    expect(() => heap.free(blocks[2]!)).toThrow("free of address 256, which is not allocated");
  });

  it("10,000 blocks of mixed sizes and lives need at most a fifth more than their busiest moment", () => {
    const { heap, grown } = create();
    const random = createRandom(1);
    const alive: number[] = [];
    let most = 0;
    for (let i = 0; i < 10_000; i++) {
      if (alive.length === 64) heap.free(alive.splice(random.below(64), 1)[0]!);
      // A session's table, or a page.
      alive.push(heap.alloc(random.below(4) === 0 ? 600 + random.below(600) : 32768));
      most = Math.max(most, heap.allocatedBytes);
    }
    for (const at of alive) heap.free(at);
    expect(heap.allocatedBytes).toBe(0);
    expect(grown.end).toBeLessThan(1.2 * most);
  });
});
