// The bars as text: complete, closed to markup that comes in with names, and as wide as their shares.
import { describe, expect, it } from "vitest";
import { renderStackedBars } from "./stacked-bars.ts";

const bars = [
  {
    label: "prefill",
    total: "12 ms",
    parts: [
      { name: "ffn", value: 3 },
      { name: "head", value: 1 },
    ],
  },
  {
    label: "decode",
    total: "0 ms",
    parts: [
      { name: "ffn", value: 0 },
      { name: "wait", value: 0 },
    ],
  },
];

describe("renderStackedBars", () => {
  it("draws each part as its share, and a legend of all names", () => {
    const svg = renderStackedBars({ title: "Model", notes: ["a device"], groups: [{ title: "Time", bars }] });
    const widths = [...svg.matchAll(/width="([\d.]+)" height="22"/g)].map(([, width]) => Number(width));
    expect(widths).toEqual([405, 135, 0, 0]);
    for (const text of ["Model", "a device", "Time", "prefill", "12 ms", "ffn: 75 %", ">wait</text>"]) {
      expect(svg).toContain(text);
    }
    expect(svg.match(/<(g|text|svg|rect|title|style)\b/g)!.length).toBe(
      svg.match(/<\/(g|text|svg|title|style)>|<rect[^>]*\/>/g)!.length,
    );
  });

  it("escapes what comes in", () => {
    const evil = `"><script>alert(1)</script>`;
    const svg = renderStackedBars({
      title: evil,
      notes: [evil],
      groups: [{ title: evil, bars: [{ label: evil, total: evil, parts: [{ name: evil, value: 1 }] }] }],
    });
    expect(svg).not.toContain("<script");
    expect(svg.match(/"/g)!.length % 2).toBe(0);
  });
});
