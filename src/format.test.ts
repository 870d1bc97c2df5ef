// Numbers as text at the edges where the unit changes.
import { expect, it } from "vitest";
import { formatBytes, formatCount, formatDuration, formatPercent, formatRate, formatTokens } from "./format.ts";

it("switches units where the rounded number would have a fourth digit", () => {
  expect([0, 512, 9999, 12_345, 999_499, 999_500, 2_436_000, 1.62e9].map(formatCount)).toEqual([
    "0",
    "512",
    "9999",
    "12.3 k",
    "999 k",
    "1 M",
    "2.44 M",
    "1.62 B",
  ]);
  expect([0, 999, 1000, 1_720_000, 999_499_999, 2e9].map(formatBytes)).toEqual([
    "0 B",
    "999 B",
    "1 kB",
    "1.72 MB",
    "999 MB",
    "2 GB",
  ]);
  expect([0.04, 4, 9.96, 59.4, 59.6, 3600, 7500].map(formatDuration)).toEqual([
    "0.0 s",
    "4 s",
    "10 s",
    "59 s",
    "1 min",
    "1 h",
    "2 h 5 min",
  ]);
  expect([0.9134, 48.21, 999.4, 999.6, 3120.4, 1234567].map(formatRate)).toEqual([
    "0.913",
    "48.2",
    "999",
    "1,000",
    "3,120",
    "1,234,567",
  ]);
  expect(formatPercent(0.9346)).toBe("93.5 %");
  expect([64, 1000, 1024, 1536, 2048, 131_072].map(formatTokens)).toEqual(["64", "1000", "1k", "1536", "2k", "128k"]);
});
