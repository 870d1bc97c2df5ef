// What is shown and in which order, how an address keeps it, and which points make a front.
import { describe, expect, it } from "vitest";
import { publishedTables } from "../published/index.ts";
import { madeUpRecords } from "../records.case.ts";
import { createSite } from "../site.ts";
import { front, tradeoffChart, trendChart } from "./charts.ts";
import { countText } from "./table.ts";
import { defaultView, linesOf, readView, select, sortKeys, writeView } from "./view.ts";

const options = { title: "Test", builtAt: "2026-11-26T20:00:00.000Z" };
const { site } = createSite(madeUpRecords({ count: 60, models: 20 }), publishedTables, options);
const lines = linesOf(site);
const usual = defaultView(site);

describe("view", () => {
  it("begins with the average and the prompt that most runs have, from the best", () => {
    expect(site.measures[usual.measure]!.id).toBe("average-phonelm");
    expect([usual.prompt, usual.sort, usual.descending]).toEqual([64, "score", true]);
  });

  it("shows all runs, and of published rows those that have something to show", () => {
    const shown = select(lines, usual);
    const count = (kind: string) => shown.filter(({ row }) => row.kind === kind).length;
    expect(count("measured")).toBe(lines.filter(({ row }) => row.kind === "measured").length);
    expect(count("published")).toBe(26 + 3); // of Table 5 all but one have the average; three have speeds
    expect(countText(shown, site)).toBe(
      `${count("measured")} of ${count("measured")} measured rows, 29 of 127 published rows`,
    );
  });

  it.each(sortKeys)("orders by %s both ways, with those without it last", (sort) => {
    for (const descending of [true, false]) {
      const shown = select(lines, { ...usual, sort, descending });
      const numbers = shown.map(({ model, score, cost }) =>
        sort === "score" ? score?.value : sort === "parameters" ? model.parameters : cost?.[sort as "decode"],
      );
      const known = numbers.filter((value) => typeof value === "number");
      expect(numbers.slice(0, known.length)).toEqual(known);
      expect(known).toEqual(known.toSorted((a, b) => (descending ? b - a : a - b)));
    }
  });

  it("filters by every word, kind, size, completeness and newness", () => {
    const names = (part: object) => select(lines, { ...usual, ...part });
    for (const { model, row } of names({ search: "LLAMA int4" })) {
      expect([model.name.toLowerCase().includes("llama") || /meta/i.test(model.organisation!), row.weights]).toEqual([
        true,
        "int4",
      ]);
    }
    expect(names({ kind: "published" }).every(({ row }) => row.kind === "published")).toBe(true);
    expect(names({ most: 5e8 }).every(({ model }) => model.parameters! <= 5e8)).toBe(true);
    expect(names({ whole: true }).every(({ row }) => row.limit === null)).toBe(true);
    const newest = names({ newest: true, kind: "measured" }).map(({ row }) =>
      [row.model, row.device, row.weights].join(),
    );
    expect(new Set(newest).size).toBe(newest.length);
    expect(newest.length).toBeLessThan(names({ kind: "measured" }).length);
  });

  it("an address keeps what was chosen, also for a later build, and nothing else", () => {
    expect(writeView(usual, usual, site)).toBe("");
    const chosen = {
      ...usual,
      search: "a & b=c",
      kind: "measured",
      device: 2,
      most: 5e8,
      sort: "decode",
      descending: false,
    } as const;
    const address = writeView(chosen, usual, site);
    expect(readView(address, usual, site)).toEqual(chosen);
    const { site: later } = createSite(madeUpRecords({ count: 3, devices: 3 }), publishedTables, options);
    expect(later.devices[readView(address, defaultView(later), later).device]!.slug).toBe(site.devices[2]!.slug);
    expect(readView("kind=evil&sort=__proto__&device=x&most=-3&prompt=7&weights=f64&measure=", usual, site)).toEqual(
      usual,
    );
  });
});

describe("charts", () => {
  it("a front has the points that no other beats in both", () => {
    const points = [1, 2, 3, 4, 5].flatMap((x) => [
      { x, y: (x * 7) % 5 },
      { x, y: (x * 3) % 4 },
    ]);
    for (const more of [true, false]) {
      for (const higher of [true, false]) {
        const beats = (a: { x: number; y: number }, b: { x: number; y: number }) => {
          const [dx, dy] = [(a.x - b.x) * (more ? 1 : -1), (a.y - b.y) * (higher ? 1 : -1)];
          return dx >= 0 && dy >= 0 && (dx > 0 || dy > 0);
        };
        const best = points.filter((one) => !points.some((other) => beats(other, one)));
        const key = ({ x, y }: { x: number; y: number }) => `${x} ${y}`;
        expect(front(points, more, higher).map(key)).toEqual([...new Set(best.map(key))].sort());
      }
    }
  });

  it("measured and published points are series of their own, with lines of their own", () => {
    const shown = select(lines, usual);
    for (const options of [tradeoffChart(shown, site, usual)!, trendChart(shown, site, usual)!]) {
      const hollow = options.series.filter((series) => series.hollow);
      expect(hollow.map(({ name }) => name)).toEqual(["published"]);
      expect(options.series.filter(({ kind }) => kind === "line")).toHaveLength(2);
    }
    const trend = trendChart(shown, site, usual)!;
    const own = trend.series.find(({ name }) => name === "measured")!.points.map(({ y }) => y);
    const line = trend.series.find(({ name }) => name === "best so far")!.points.map(({ y }) => y);
    expect(Math.max(...line)).toBe(Math.max(...own));
    expect(trend.description).toMatch(/The best of the measured until its time: .*The best of the published/);
  });
});
