// Terms, and which functions a query may be about.
import { describe, expect, it } from "vitest";
import { ANDROID_CATALOGUE } from "./catalogue/index.ts";
import { generateDataset } from "./generator/index.ts";
import { createRetriever, scoreRetrieval } from "./retrieve.ts";
import { terms } from "./terms.ts";
import type { FunctionSchema, Sample } from "./types.ts";

describe("terms", () => {
  it.each([
    ["set_alarm", "set alarm"],
    ["AddToPlaylist", "add playlist"],
    ["EXTRA_SKIP_UI", "extra skip ui"],
    ["HTTPServer", "http server"],
    ["Play, plays and PLAYED: playing!", "play play play play"],
    ["running stops", "run stop"],
    ["take taking saved saves", "tak tak sav sav"],
    ["parties boxes classes status this bus", "party box class status bus"],
    ["a ring, the king and a red thing", "ring king red thing"],
    ["Wake me up at 7:30", "wak up 7 30"],
    ["Überraschung für Zoë", "überraschung für zoë"],
    ["订餐厅", "订 餐 厅"],
    ["to me", "to me"],
    ["?!", ""],
    ["", ""],
  ])("%s → %s", (text, wanted) => {
    expect(terms(text).join(" ")).toBe(wanted);
  });
});

const tool = (name: string, description = "", properties = {}): FunctionSchema => ({
  name,
  description,
  parameters: { type: "object", properties },
});
const names = (functions: readonly FunctionSchema[], query: string, limit?: number, examples?: Sample[]) =>
  createRetriever(functions, { examples })
    .rank(query, limit)
    .map(({ function: { name } }) => name);

describe("createRetriever", () => {
  const functions = [
    tool("open_door", "Opens a door.", { room: { type: "string", enum: ["kitchen", "cellar"] } }),
    tool("dim_lights", "Makes a room darker.", { percent: { type: "integer", description: "Brightness." } }),
    tool("send", "", { who: { type: "object", properties: { nickname: { type: "string" } } } }),
    tool("log", "", { tags: { type: "array", items: { type: "string", description: "labels" } } }),
  ];

  it.each([
    ["lights", "dim_lights"],
    ["the darkest, or just darker?", "dim_lights"],
    ["brightness", "dim_lights"],
    ["cellar", "open_door"],
    ["a nickname", "send"],
    ["label", "log"],
  ])("finds words of names, descriptions, arguments and what is in them: %s", (query, wanted) => {
    expect(names(functions, query, 1)).toEqual([wanted]);
  });

  it("ranks by score, and of equal ones in the catalogue's order, however many are asked for", () => {
    expect(names(functions, "nothing in common")).toEqual(functions.map(({ name }) => name));
    const all = names(ANDROID_CATALOGUE, "email a photo to the contact and open settings");
    expect(new Set(all).size).toBe(ANDROID_CATALOGUE.length);
    for (const limit of [0, 1, 4, 23, 24, 99]) {
      const some = names(ANDROID_CATALOGUE, "email a photo to the contact and open settings", limit);
      expect(some).toEqual(all.slice(0, limit));
    }
    const scores = createRetriever(ANDROID_CATALOGUE)
      .rank("email a photo")
      .map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  });

  it("learns words from queries that called a function, even where others have them by the way", () => {
    const example = (query: string, ...calls: string[]): Sample => ({
      query,
      answers: calls.map((name) => ({ name, arguments: {} })),
    });
    expect(names(functions, "cosy please")[0]).toBe("open_door");
    const cosy = example("make it cosy", "dim_lights");
    expect(names(functions, "cosy please", 1, [cosy])).toEqual(["dim_lights"]);
    const others = ["open_door", "send", "log"].map((name) => example(`cosy ${"x y z ".repeat(9)}`, name, "unknown"));
    const many = [...others, ...others.flatMap((other) => Array(9).fill({ ...other, query: "x y z" }))];
    expect(names(functions, "cosy please", 1, [cosy, ...many])).toEqual(["dim_lights"]);
  });

  it("works without functions, without words and with names that objects have anyway", () => {
    expect(names([], "anything")).toEqual([]);
    expect(names([tool("constructor"), tool("__proto__")], "__proto__ constructor", 2)).toHaveLength(2);
    expect(names([tool("f")], "…")).toEqual(["f"]);
  });
});

describe("scoreRetrieval", () => {
  const functions = ["alpha", "beta", "gamma", "delta"].map((name) => tool(name));
  const asks = (query: string, ...calls: string[]): Sample => ({
    query,
    answers: calls.map((name) => ({ name, arguments: {} })),
  });

  it("is the share of a query's functions among the first, and the reciprocal rank of the first", () => {
    const samples = [asks("beta", "beta", "beta"), asks("gamma", "alpha"), asks("delta", "delta", "alpha")];
    // Ranks: beta 1; alpha 2 behind gamma; delta 1 and alpha 2.
    expect(scoreRetrieval(createRetriever(functions), samples, [1, 2])).toEqual({
      recall: { 1: expect.closeTo((1 + 0 + 0.5) / 3, 12), 2: expect.closeTo(1, 12) },
      meanReciprocalRank: expect.closeTo((1 + 1 / 2 + 1) / 3, 12),
      samples: 3,
    });
  });

  it("finds most functions of held-out queries in the first four, with training queries as examples", () => {
    const { functions: catalogue, train, test } = generateDataset({ samples: 3000, seed: 1 });
    const { recall, meanReciprocalRank } = scoreRetrieval(createRetriever(catalogue, { examples: train }), test);
    expect(recall[4]).toBeGreaterThan(0.93);
    expect(meanReciprocalRank).toBeGreaterThan(0.9);
    expect(scoreRetrieval(createRetriever(catalogue), test).recall[4]).toBeLessThan(recall[4]!);
  });
});
