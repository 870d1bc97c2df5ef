// The report of a search as text: complete, self-contained, closed to markup, and whole where there is little to show.
import { beforeAll, describe, expect, it } from "vitest";
import type { Finding } from "../../search/index.ts";
import { placeTags, type TaggedPoint } from "../tags.ts";
import { renderSearchReport } from "./report.ts";
import { sampleFinding, tinyFinding } from "./sample.case.ts";

let finding: Finding;
beforeAll(async () => {
  finding = await sampleFinding();
});

const textOf = (page: string) =>
  page
    .replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ");

describe("the report of a search", () => {
  it("shows the winner, why, both fronts, depth and width, what was measured and trained, and known models", () => {
    const page = renderSearchReport(finding);
    const text = textOf(page);
    const { spec } = finding.winner;
    expect(text).toContain(`${spec.layers} layers × ${spec.width}, relu FFN ${spec.ffnWidth}`);
    for (const line of finding.why) expect(text).toContain(line);
    for (const name of ["PhoneLM-1.5B", "MobileLLM-1.5B", "Qwen2-1.5B", "wikitext.txt", "exhaustive", "Xiaomi 14"]) {
      expect(text).toContain(name);
    }
    const figures = [...page.matchAll(/<figure class="chart[^"]*" id="([^"]+)"/g)].map(([, id]) => id);
    const sizes = ["depth-decode", "depth-prefill", "width-decode", "width-prefill"];
    expect(figures).toEqual(["pareto-decode", "pareto-prefill", ...sizes, "verified-decode", "verified-prefill"]);
    expect(page).toContain(`&#34;layers&#34;: ${spec.layers}`); // the spec, to copy
    expect(page).not.toContain("NaN");
  });

  it("loads nothing, and has every candidate of the fronts in its tooltips", () => {
    const page = renderSearchReport(finding);
    expect(page).not.toMatch(/(src|href)=|url\(|@import|https?:/);
    const [, stops] = /id="pareto-decode"[\s\S]*?class="stops">([\s\S]*?)<\/script>/.exec(page)!;
    const labels = (JSON.parse(stops!) as { stops: { label: string }[] }).stops.map(({ label }) => label);
    expect(labels.length).toBe(finding.fronts.decode.length + finding.known.length + 1);
    expect(page.length).toBeLessThan(400_000);
  });

  it("stays whole with one shape and a hostile name, and leaves out what there is nothing of", async () => {
    const page = renderSearchReport(await tinyFinding());
    expect(page).not.toContain("<script>alert");
    expect(page).toContain("&#60;script&#62;alert(1)");
    expect(page).not.toContain("NaN");
    expect(page).not.toContain('id="verified-heading"');
    expect(page).not.toContain('id="depth-decode"');
    expect(page).not.toContain('id="references-heading"');
    expect(page).toContain("did not stay the same while it was calibrated");
    expect(renderSearchReport(finding)).not.toContain("did not stay the same");
  });
});

describe("names beside points", () => {
  const at = (text: string, x: number, y: number): TaggedPoint => ({ text, x, y, color: 1, marked: false });

  it("stand on a side where they cover nothing; what has no room is left out", () => {
    const crowd = Array.from({ length: 40 }, (_, i) => at(`model ${i}`, 0.5 + 0.002 * i, 0.5));
    const placed = placeTags(crowd, true);
    expect(placed.length).toBeGreaterThan(1);
    expect(placed.length).toBeLessThan(10);
    expect(placeTags([at("left", 0.02, 0.5), at("right", 0.98, 0.5)], true).map(({ side }) => side)).toEqual([
      "right-of",
      "left-of",
    ]);
  });

  it("say whether a phone has room for them too, and the first ones come first", () => {
    const near = [
      at("winner", 0.5, 0.5),
      at("a long name of a model", 0.52, 0.52),
      at("another long name", 0.54, 0.48),
    ];
    const placed = placeTags(near, true);
    expect(placed.find(({ text }) => text === "winner")!.narrow).toBe(true);
    expect(placed.length).toBeGreaterThan(placed.filter(({ narrow }) => narrow).length - 1);
  });
});
