import { describe, expect, it } from "vitest";
import { ANDROID_CATALOGUE } from "../catalogue/index.ts";
import type { Call, Json, Sample } from "../types.ts";
import { validateCalls } from "../validate.ts";
import { describeDataset, kindOf } from "./describe.ts";
import { generateDataset } from "./generate.ts";
import { allPhrasings } from "./phrasing.ts";

const dataset = generateDataset();
const splits = [dataset.train, dataset.validation, dataset.test];
const all = splits.flat();
const description = describeDataset(dataset);
const phrasingsOf = (samples: Sample[]): Set<string> => new Set(samples.flatMap((s) => s.phrasing?.split("+") ?? []));

describe("generateDataset", () => {
  it("makes 10,000 different queries by default, split 80/10/10", () => {
    expect(splits.map((s) => s.length)).toEqual([8000, 1000, 1000]);
    expect(description.uniqueQueries).toBe(10_000);
  });

  it("is deterministic by seed", () => {
    expect(generateDataset({ samples: 300, seed: 7 })).toEqual(generateDataset({ samples: 300, seed: 7 }));
    expect(generateDataset({ samples: 300, seed: 8 })).not.toEqual(generateDataset({ samples: 300, seed: 7 }));
  });

  it("covers every function in every split, and every kind", () => {
    for (const [name, split] of Object.entries(description.splits)) {
      for (const f of ANDROID_CATALOGUE) expect(split.functions[f.name], `${f.name} in ${name}`).toBeGreaterThan(5);
      for (const kind of ["simple", "parallel", "nested"] as const) expect(split.kinds[kind]).toBeGreaterThan(100);
    }
  });

  it("keeps phrasings on one side", () => {
    const [train, validation, test] = splits.map(phrasingsOf) as [Set<string>, Set<string>, Set<string>];
    expect([...test].filter((id) => train.has(id) || validation.has(id))).toEqual([]);
    expect([...validation].filter((id) => train.has(id))).toEqual([]);
    expect(test.size).toBeGreaterThan(100);
  });

  it("has at least 15 phrasings for every function", () => {
    const { phrasings } = allPhrasings();
    for (const { name } of ANDROID_CATALOGUE) {
      const count = phrasings.filter((p) => p.family.calls.some((call) => call.name === name)).length;
      expect(count, name).toBeGreaterThanOrEqual(15);
    }
  });

  it("gives answers that follow the schemas, with every copied value a span of whole words of its query", () => {
    for (const { query, answers } of all)
      expect(() => validateCalls(answers, ANDROID_CATALOGUE, query), query).not.toThrow();
  });

  it("lists arguments in the order of the schema", () => {
    for (const call of all.flatMap((s) => s.answers)) {
      const order = Object.keys(ANDROID_CATALOGUE.find((f) => f.name === call.name)?.parameters.properties ?? {});
      const given = Object.keys(call.arguments);
      expect(given, JSON.stringify(call)).toEqual(order.filter((name) => given.includes(name)));
    }
  });

  it("never maps a query to two answers, not even queries that differ in case and punctuation only", () => {
    const plain = (text: string): string =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N}@]+/gu, " ")
        .trim();
    const answersOf = new Map<string, string>();
    const twice: string[] = [];
    for (const seed of [1, 2, 3]) {
      const { train, validation, test } = generateDataset({ seed });
      for (const { query, answers } of [...train, ...validation, ...test]) {
        const answer = plain(JSON.stringify(answers));
        const before = answersOf.get(plain(query));
        if (before !== undefined && before !== answer) twice.push(`${query}: ${before} | ${answer}`);
        answersOf.set(plain(query), answer);
      }
    }
    expect(twice).toEqual([]);
  });

  it("refers only to earlier calls that return something", () => {
    const returning = new Set(ANDROID_CATALOGUE.filter((f) => f.returns).map((f) => f.name));
    for (const { query, answers } of all) {
      answers.forEach((call, index) => {
        for (const number of references(call)) {
          expect(number - 1, query).toBeLessThan(index);
          expect(returning.has(answers[number - 1]?.name ?? ""), query).toBe(true);
        }
      });
    }
    expect(all.filter((s) => kindOf(s) === "nested").length).toBeGreaterThan(1500);
  });

  it("shows mostly unseen copied values in the test split", () => {
    const copied = (samples: Sample[]): string[] =>
      samples
        .flatMap((s) => s.answers.flatMap((c) => strings(c.arguments)))
        .filter((v) => v.includes(" ") || /\d/.test(v));
    const seen = new Set(copied(dataset.train).map((v) => v.toLowerCase()));
    const test = copied(dataset.test).filter((v) => !/^result\d$/.test(v));
    const unseen = test.filter((v) => !seen.has(v.toLowerCase())).length;
    expect(unseen / test.length).toBeGreaterThan(0.6);
  });

  it.each([
    [{ samples: 0 }, /samples is 0/],
    [{ seed: 1.5 }, /seed is 1.5/],
    [{ testShare: 0.5 }, /at most 0.4/],
    [{ typoShare: 2 }, /typoShare is 2/],
  ])("rejects %o", (options, message) => {
    expect(() => generateDataset(options)).toThrow(message);
  });
});

function references(call: Call): number[] {
  return strings(call.arguments).flatMap((v) => (/^result\d+$/.test(v) ? [Number(v.slice(6))] : []));
}

function strings(value: Json): string[] {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap(strings);
}
