// The page of an evaluation as text: complete, self-contained, closed to markup, and whole where there is little to show.
import { describe, expect, it } from "vitest";
import { type ResultRecord, recordSchema } from "../../results/record.ts";
import { recordPage } from "./report.ts";
import { emptyRecord, sampleRecord } from "./sample.case.ts";

const textOf = (page: string) =>
  page
    .replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, "")
    .replace(/<[^>]+>/g, " ")
    .replaceAll("&#39;", "'")
    .replace(/\s+/g, " ");

const sectionsOf = (page: string) => [...page.matchAll(/<h2 id="([^"]+)-heading"/g)].map(([, id]) => id);

describe("the page of an evaluation", () => {
  it("shows what was evaluated, on what, every task, curve, map, call metric, cost, breakdown and note", () => {
    const page = recordPage(sampleRecord());
    const text = textOf(page);
    for (const part of [
      "MobileLLM-125M",
      "models/mobilellm-125m",
      "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
      "124,635,456",
      "30 layers × 576, silu FFN 1536, 9 heads over 3",
      "AMD EPYC 9B14",
      "commit 0123456789abcdef0123456789abcdef01234567",
      "the first 500",
      "28.0 % ± 2.0", // arc_easy without examples
      "exact_match ↑ higher is better remove_whitespace 13.9 % ± 1.5",
      "word_perplexity ↓ lower is better 31.42",
      "The 3 parts of mmlu",
      "race : race: 2,311 tokens do not fit in the model's context of 2,048 (context-overflow)",
      "soft accuracy 67.2 % ± 2.6",
      "ROUGE-L –",
      "Energy. Not measured: this machine has no powercap counter",
      "88.0 % of the best fifth",
      "Another job ran on the machine",
      "Two cores of a shared machine.",
    ])
      expect(text).toContain(part);
    const parts = ["tasks", "shots", "needle", "calls", "cost", "breakdown", "sustained", "settings", "notes"];
    expect(sectionsOf(page)).toEqual(parts);
    const figures = [...page.matchAll(/<figure class="chart[^"]*" id="([^"]+)"/g)].map(([, id]) => id);
    expect(figures).toEqual([
      ...[0, 1, 2, 3, 4, 5].map((i) => `shots-${i}-0`),
      ...["first-token", "prefill", "decode", "memory", "decode-output"],
      ...["sustained-speed", "sustained-temperature"],
    ]);
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("draws a line per form and threads, a band per curve and a whisker per standard error", () => {
    const page = recordPage(sampleRecord());
    const decode = /id="decode"[\s\S]*?<\/figure>/.exec(page)![0];
    const lines = [...decode.matchAll(/<li><i class="[^"]+"><\/i>([^<]+)/g)].map(([, name]) => name);
    expect(lines).toEqual(["int4, 2 threads", "int4, 1 thread", "f32, 2 threads", "f32, 1 thread"]);
    expect(decode.match(/class="line dash1"/g)).toHaveLength(2); // one thread
    expect(/id="shots-1-0"[\s\S]*?<\/figure>/.exec(page)![0].match(/class="band"/g)).toHaveLength(2); // acc, acc_norm
    // 6 × 3 of acc, 3 × 3 of acc_norm, MMLU and its 3 parts, TriviaQA, 3 of calls.
    expect(page.match(/<b style="left:/g)).toHaveLength(18 + 9 + 4 + 1 + 3);
  });

  it("the heat maps have a number in every cell, and a dash where nothing was asked", () => {
    const record = sampleRecord();
    const page = recordPage(record);
    expect(page.match(/<td style="background:rgb/g)).toHaveLength(75);
    record.needle!.splice(0, 1);
    expect(recordPage(record).match(/<td class="empty">–/g)).toHaveLength(1);
  });

  it("loads nothing", () => {
    expect(recordPage(sampleRecord())).not.toMatch(/(src|href)=|url\(|@import|https?:/);
  });

  it("has the same elements however hostile the texts are", () => {
    const evil = `'"><img src=x onerror=alert(1)></script></style><script>alert(2)</script>\u0000\u2028{{x}}\${y}`;
    const tags = (page: string) => page.match(/<\/?[a-z][a-z0-9]*/gi);
    const page = recordPage(poison(sampleRecord(), evil));
    expect(tags(page)).toEqual(tags(recordPage(sampleRecord())));
    expect(page).not.toContain("<img");
    expect(page).not.toContain("\u0000");
  });

  it("has what was evaluated where nothing was asked, and no empty parts", () => {
    const page = recordPage(recordSchema.parse(emptyRecord()));
    expect(sectionsOf(page)).toEqual(["settings"]);
    expect(page).not.toContain("<figure");
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("stays whole with a spec of another time, one measurement, and metrics that are no numbers", () => {
    const record = sampleRecord();
    record.spec = { layers: "many" };
    record.cost!.points = record.cost!.points.slice(0, 1);
    record.cost!.breakdown = null;
    record.cost!.sustained = null;
    for (const task of record.tasks) for (const metric of Object.values(task.metrics)) metric.value = null;
    const page = recordPage(record);
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
    expect(sectionsOf(page)).toEqual(["tasks", "needle", "calls", "cost", "settings", "notes"]);
    expect(page).not.toContain('id="decode"');
    expect(textOf(page)).toContain("All that was measured");
  });
});

/** A copy in which every text is hostile, but for those that the schema fixes, and dates. */
function poison(record: ResultRecord, evil: string): ResultRecord {
  const fixed = new Set(["kind", "transport", "createdAt"]);
  const poisoned = (value: unknown, key: string): unknown => {
    if (typeof value === "string") return fixed.has(key) ? value : `${value}${evil}`;
    if (Array.isArray(value)) return value.map((item) => poisoned(item, ""));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, poisoned(item, name)]));
  };
  return { ...(poisoned({ ...record, spec: {} }, "") as ResultRecord), spec: record.spec };
}
