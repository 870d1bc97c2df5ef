// Damaged and hostile records: a record or a typed error, and whatever is taken for a record can be shown, compared and
// exported.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parseJson } from "../../src/io.ts";
import type { Random } from "../../src/random.ts";
import { recordPage } from "../../src/report/record/report.ts";
import { compareRecords } from "../../src/results/compare.ts";
import { recordsToCsv } from "../../src/results/csv.ts";
import { parseRecord } from "../../src/results/parse.ts";
import { recordOrders, scoreOf, selectRecords, sortRecords } from "../../src/results/select.ts";
import { type FuzzInput, fuzz, inputCount } from "./fuzz.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { jsonText, mutateJson } from "./mutate-json.ts";

const text = readFileSync(new URL("../fixtures/records/v1.json", import.meta.url), "utf8");
const whole = parseRecord(JSON.parse(text), "whole");

function make(random: Random): FuzzInput {
  const bytes = random.below(4) === 0;
  const damaged = bytes
    ? new TextDecoder().decode(mutateBytes(new TextEncoder().encode(text), random))
    : jsonText(mutateJson(JSON.parse(text), random));
  const read = async () => {
    const record = parseRecord(parseJson(damaged, "record"), "record");
    compareRecords(record, whole);
    compareRecords(whole, record);
    recordsToCsv([record]);
    recordPage(record);
    scoreOf(record, "piqa");
    for (const order of recordOrders) sortRecords([whole, record], order);
    selectRecords([record], { model: "a", task: "b", device: "c", suite: "d", since: "e" });
  };
  return { sizeBytes: damaged.length, read };
}

it("mutated records are records or typed errors", async () => {
  const outcome = await fuzz({ name: "records", make }, inputCount(1500));
  expect(outcome.findings).toEqual([]);
  expect(outcome.read).toBeGreaterThan(50);
  expect(outcome.refused["invalid-file"]).toBeGreaterThan(50);
});
