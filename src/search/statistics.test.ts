// Means of times; ranks and medians are held to known numbers where they are used.
import { expect, it } from "vitest";
import { meanTime } from "./statistics.ts";

it("a mean time is that of all, but for a stolen time slice", () => {
  expect(meanTime([1, 1.2, 1.4])).toBeCloseTo(1.2, 12);
  expect(meanTime([1, 1, 1, 1, 101])).toBeCloseTo(1.2, 12);
});
