// handheld leaderboard build as a user sees it: files, counts, what was left out, errors that say what to do.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { madeUpRecords } from "../../leaderboard/records.case.ts";
import { appendRecord } from "../../results/index.ts";
import { runHere as handheld } from "../run-here.case.ts";

const root = mkdtempSync(join(tmpdir(), "handheld-leaderboard-"));
const [results, out] = [join(root, "results"), join(root, "site")];

beforeAll(async () => {
  for (const record of madeUpRecords({ count: 3 })) await appendRecord(results, record);
  writeFileSync(join(results, "20260101T000000000-00000000.json"), '{"version": 1');
});
afterAll(() => rmSync(root, { recursive: true }));

describe("handheld leaderboard build", () => {
  it("makes the site and tells what was left out", async () => {
    const line = ["leaderboard", "build", "--results", results, "--out", out, "--title", "Ours & <theirs>"];
    const { code, result, err } = await handheld(...line, "--json");
    expect({ code, files: readdirSync(out).length }).toEqual({ code: 0, files: 7 });
    expect(result).toMatchObject({ records: 3, published: 127, leftOut: [{ kind: "quarantined" }] });
    expect(result.bytes).toBeLessThan(300_000);
    expect(err).toMatch(/left out 20260101T000000000-00000000\.json \(quarantined\): .*not valid JSON/);
    expect(readFileSync(join(out, "index.html"), "utf8")).toContain("<h1>Ours &#38; &#60;theirs&#62;</h1>");
    const again = await handheld("leaderboard", "build", "--results", results, "--out", out, "--no-published");
    expect(again.out).toMatch(/site\/index\.html {2}3 records in 3 rows, 0 published, \d+ kB/);
  });

  it("makes a site of published figures where there are no records", async () => {
    const { code, err } = await handheld(
      "leaderboard",
      "build",
      "--results",
      join(root, "none"),
      "--out",
      join(root, "empty"),
    );
    expect(code).toBe(0);
    expect(err).toMatch(/none has no records; "handheld eval" makes them/);
  });

  it.each([
    [["leaderboard", "biuld"], 'takes "build", got "biuld"; did you mean "build"?'],
    [["leaderboard"], "missing required argument"],
  ])("%j", async (line, message) => {
    const { err, code } = await handheld(...line);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });
});
