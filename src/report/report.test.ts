// The page as text: complete, self-contained, and closed to markup that comes in with the data.
import { describe, expect, it } from "vitest";
import { thin } from "./chart.ts";
import type { ReportData } from "./data.ts";
import { escapeHtml, html, jsonScript } from "./html.ts";
import { renderReport } from "./report.ts";
import { sampleReport } from "./sample.case.ts";
import { linearScale, logScale, spanScale } from "./scale.ts";

describe("html", () => {
  it("escapes values in content and attributes, keeps nested markup, joins lists, drops null and false", () => {
    const hostile = `"><script>alert('x')</script>&\``;
    expect(html`<p title="${hostile}">${[html`<b>${1}</b>`, hostile]}${null}${false}</p>`.text).toBe(
      `<p title="${escapeHtml(hostile)}"><b>1</b>${escapeHtml(hostile)}</p>`,
    );
    expect(escapeHtml(hostile)).not.toMatch(/[<>"'`]/);
  });

  it("cannot be left from JSON in a script", () => {
    const text = jsonScript({ a: "</script><!--\u2028" }).text;
    expect(text).not.toMatch(/[<>\u2028]/);
    expect(JSON.parse(text)).toEqual({ a: "</script><!--\u2028" });
  });
});

/** A copy in which every text of the data is hostile. */
function poison<T>(value: T, evil: string): T {
  if (typeof value === "string") return `${value}${evil}` as T;
  if (Array.isArray(value)) return value.map((item) => poison(item, evil)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, poison(item, evil)])) as T;
}

describe("report", () => {
  it("has every part, and no address to load anything from", () => {
    const page = renderReport(sampleReport());
    for (const text of ["93.4 %", "wake me up at 8", "--ei", "chosen", "AMD EPYC", "soft accuracy", "cosine"]) {
      expect(page).toContain(text);
    }
    expect(page).not.toMatch(/(src|href)=|url\(|@import|https?:/);
    expect(page).toMatch(/^<!doctype html>/);
    expect(page.match(/<title id=/g)).toHaveLength(3);
    expect(page.match(/<th scope="col"/g)!.length).toBeGreaterThan(15);
    expect(page.length).toBeLessThan(200_000);
  });

  it("has the same elements however hostile the texts are", () => {
    const evil = `'"><img src=x onerror=alert(1)></script></style><script>alert(2)</script>\u0000\u2028{{x}}\${y}`;
    const tags = (page: string) => page.match(/<\/?[a-z][a-z0-9]*/gi);
    // Without spaces: each word of a command has an element of its own.
    const page = renderReport(poison(sampleReport(), evil.replaceAll(" ", "/")));
    expect(tags(page)).toEqual(tags(renderReport(sampleReport())));
    expect(page).not.toContain("<img");
    expect(page).not.toContain("\u0000");
  });

  it("leaves out what there is nothing of", () => {
    const empty: ReportData = {
      ...sampleReport(),
      search: null,
      device: null,
      examples: [],
      functions: [],
      training: { loss: [], validations: [], seconds: 0, tokensPerSecond: 0, gflops: 0 },
      config: {},
    };
    const page = renderReport(empty);
    expect(page).not.toContain("<figure");
    expect(page).not.toContain("NaN");
    expect(page.match(/<section/g)).toHaveLength(1);
  });

  it("draws a run of one step, and one without accuracies", () => {
    const data = sampleReport();
    data.training.loss = [{ step: 1, loss: 3 }];
    data.training.validations = [{ step: 1, loss: 2, accuracy: null, softAccuracy: null }];
    const page = renderReport(data);
    expect(page).not.toContain("NaN");
    expect(page).not.toContain('id="accuracy"');
  });
});

describe("axes", () => {
  it("linear axes end at round ticks, spans at the data, logarithms at powers and their 2 and 5", () => {
    expect(linearScale(0, 93).ticks).toEqual([0, 20, 40, 60, 80, 100]);
    expect(linearScale(3, 3).ticks.length).toBeGreaterThan(1);
    expect(spanScale(0, 1800, 4).ticks).toEqual([0, 500, 1000, 1500]);
    expect(spanScale(0, 1800, 4).place(1800)).toBe(1);
    expect(logScale(0.1, 5).ticks).toEqual([0.1, 0.2, 0.5, 1, 2, 5]);
    expect(logScale(0.001, 5).ticks).toEqual([0.001, 0.01, 0.1, 1]);
  });

  it("a long curve is averaged down to the points that can be seen", () => {
    const points = Array.from({ length: 1000 }, (_, i) => ({ x: i + 1, y: i % 2 }));
    expect(thin(points, 240)).toHaveLength(200);
    expect(thin(points, 240)[0]).toEqual({ x: 3, y: 0.4 });
    expect(thin(points.slice(0, 3), 240)).toEqual(points.slice(0, 3));
  });
});
