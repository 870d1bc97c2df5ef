// Tables of rows come back as they were packed, and repeated values are written once.
import { describe, expect, it } from "vitest";
import { createRandom } from "../random.ts";
import { packTable, type Scalar, unpackTable } from "./columns.ts";

describe("columns", () => {
  it("500 random tables come back as they were", () => {
    const random = createRandom(5);
    const kinds: (() => Scalar)[] = [
      () => random.below(3),
      () => random.float(),
      () => random.pick(["int4", "int8", "", 'it\'s "quoted" \\ \u2028']),
      () => random.pick([null, 1, "1"]),
      () => null,
    ];
    for (let i = 0; i < 500; i++) {
      const fields = Array.from({ length: 1 + random.below(5) }, (_, j) => [`f${j}`, random.pick(kinds)] as const);
      const rows = Array.from({ length: random.below(20) }, () =>
        Object.fromEntries(fields.map(([name, make]) => [name, make()])),
      );
      expect(unpackTable(JSON.parse(JSON.stringify(packTable(rows))))).toEqual(rows);
    }
  });

  it("a thousand equal rows take as much as one", () => {
    const row = { device: "a phone with a long name", weights: "int4", threads: 4 };
    const size = (count: number) => JSON.stringify(packTable(Array.from({ length: count }, () => row))).length;
    expect(size(1000)).toBeLessThan(size(1) + 60);
  });
});
