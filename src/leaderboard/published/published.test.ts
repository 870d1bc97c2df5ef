// Published figures are what the papers print: the rows' averages come out as printed, and, where the papers are at hand,
// every row is found in their text.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { publishedTables } from "./index.ts";
import { publishedTableSchema } from "./schema.ts";

const rows = publishedTables.flatMap((table) => table.rows.map((row) => ({ ...row, table })));
const papers = fileURLToPath(new URL("../../../../shared/papers", import.meta.url));

describe("published tables", () => {
  it.each(publishedTables.map((table) => [table.source, table] as const))(
    "%s is valid, a value per column",
    (_, table) => {
      expect(publishedTableSchema.parse(table)).toEqual(table);
      for (const { model, values } of table.rows) expect([model, values.length]).toEqual([model, table.columns.length]);
      expect(new Set(table.rows.map(({ model }) => model)).size).toBe(table.rows.length);
    },
  );

  it("means of rows are the printed averages, to what rounding allows", () => {
    const averaged = rows.filter(({ average }) => average !== undefined);
    expect(averaged.length).toBeGreaterThan(60);
    for (const { model, values, average, table } of averaged) {
      const mean = values.reduce<number>((sum, value) => sum + value!, 0) / values.length;
      const digits = table.scale === 1 || String(average).split(".")[1]?.length === 2 ? 0.011 : 0.051;
      expect(Math.abs(mean - average!), `${model}, ${table.source}`).toBeLessThan(digits);
    }
  });

  it.skipIf(!existsSync(papers))("all values of a row stand in one line of a paper (needs the papers' text)", () => {
    const lines = readdirSync(papers)
      .map((name) => readFileSync(`${papers}/${name}`, "utf8"))
      .join("\n")
      .split("\n")
      .map((line) => line.split(/[\s|]+/));
    const missing = rows.filter(({ values, prefill, decode }) => {
      const printed = [...values, prefill, decode].filter((value) => typeof value === "number");
      return !lines.some((words) => printed.every((value) => spellings(value).some((text) => words.includes(text))));
    });
    // Misread there, and told by the row's average: 29.4 as 204, 43.2 and 46.4 in rows that run into each other. One more
    // stands in a sentence, behind a bracket.
    const expected = ["Qwen1.5-0.5B", "Qwen2.5-1.5B", "Bloom-3B", "MobileLLM-1.5B"];
    expect(missing.map(({ model }) => model)).toEqual(expected);
  });
});

/** How a value may be printed, also where the point was lost or misread: 66.9, 669; 46.9 once reads 16.9. */
function spellings(value: number): string[] {
  const forms = [1, 2, 3].map((digits) => value.toFixed(digits)).concat(String(value));
  return [...forms, ...forms.map((form) => form.replace(".", ""))];
}
