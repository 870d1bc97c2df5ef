// Scores over samples with a caller that says what it is told to.
import { afterEach, describe, expect, it, vi } from "vitest";
import { ContextOverflowError, HandheldError } from "../errors.ts";
import type { Call, FunctionSchema, Sample } from "../functions/types.ts";
import type { Caller } from "../generate/calls.ts";
import { evaluateCalls } from "./calls.ts";

const parameters = {
  type: "object" as const,
  properties: { a: { type: "integer" as const }, b: { type: "string" as const } },
};
const functions: FunctionSchema[] = ["f", "g", "h"].map((name) => ({ name, parameters }));
const f = (a: number, b: string): Call => ({ name: "f", arguments: { a, b } });
const g = (a: number): Call => ({ name: "g", arguments: { a } });

/** A caller with one answer (or error) per query. */
function scripted(answers: Record<string, Call[] | Error>): Caller {
  return {
    codec: { functions },
    call(query: string) {
      const calls = answers[query]!;
      if (calls instanceof Error) throw calls;
      return { calls, text: "", promptTokens: 10, tokens: 6, prefillMs: 2, decodeMs: 3 };
    },
  } as unknown as Caller;
}

function samplesOf(truth: Record<string, Call[]>): Sample[] {
  return Object.entries(truth).map(([query, answers]) => ({ query, answers }));
}

afterEach(() => void vi.restoreAllMocks());

describe("evaluateCalls", () => {
  const truth = { right: [f(1, "x")], value: [f(1, "x")], name: [g(1)], parallel: [f(2, "y"), g(3)], both: [g(1)] };
  const caller = scripted({
    right: [f(1, "x")],
    value: [f(1, "z")], // one of two arguments right
    name: [f(1, "x")], // another function: nothing right
    parallel: [g(3), f(2, "y")], // right in another order
    both: [g(1), f(0, "")], // right, and one too many
  });

  it("scores, counts by function and keeps the mistakes in order", async () => {
    const result = await evaluateCalls(caller, samplesOf(truth));
    expect(result).toMatchObject({ accuracy: 2 / 5, samples: 5 });
    // Calls: 1, 1, 1, 2 and 2 (the larger of both sides), of which 1, ½, 0, 2 and 1 are right.
    expect(result.softAccuracy).toBeCloseTo(4.5 / 7, 12);
    expect(result.functions).toEqual([
      { name: "f", samples: 3, right: 2, confusedWith: [] },
      {
        name: "g",
        samples: 3,
        right: 1,
        confusedWith: [{ name: "f", count: 1 }],
      },
    ]);
    expect(result.mistakes.map(({ query }) => query)).toEqual(["value", "name", "both"]);
    expect(result.mistakes[0]).toEqual({ query: "value", expected: [f(1, "x")], predicted: [f(1, "z")] });
  });

  it("keeps as many mistakes as asked for", async () => {
    expect((await evaluateCalls(caller, samplesOf(truth), { mistakes: 1 })).mistakes).toHaveLength(1);
    expect((await evaluateCalls(caller, samplesOf(truth), { mistakes: 0 })).mistakes).toHaveLength(0);
  });

  it("lists what a function was taken for, most frequent first", async () => {
    const h: Call = { name: "h", arguments: {} };
    const wrong = scripted({ one: [h], two: [f(1, "")], three: [f(1, "")], four: [f(1, ""), h] });
    const all = samplesOf({ one: [g(1)], two: [g(1)], three: [g(1)], four: [g(1)] });
    const { functions: counts } = await evaluateCalls(wrong, all);
    const confusedWith = [
      { name: "f", count: 3 },
      { name: "h", count: 2 },
    ];
    expect(counts).toEqual([{ name: "g", samples: 4, right: 0, confusedWith }]);
  });

  it("a query that does not fit or an answer that does not parse is wrong, with the reason", async () => {
    const failing = scripted({
      right: [f(1, "x")],
      long: new ContextOverflowError(300, 256),
      odd: new HandheldError("invalid-call", "line 1: expected a name"),
    });
    const all = samplesOf({ right: [f(1, "x")], long: [g(1)], odd: [g(1)] });
    const result = await evaluateCalls(failing, all);
    expect(result).toMatchObject({ accuracy: 1 / 3, softAccuracy: 1 / 3, samples: 3 });
    expect(result.mistakes).toMatchObject([
      { query: "long", predicted: null, error: expect.stringMatching(/^300 tokens do not fit in the context of 256/) },
      { query: "odd", predicted: null, error: "line 1: expected a name" },
    ]);
  });

  it("any other error ends it", async () => {
    const broken = scripted({ right: new HandheldError("kernel", "broken") });
    await expect(evaluateCalls(broken, samplesOf({ right: [] }))).rejects.toThrow("broken");
  });

  it("reports the speed over all answers", async () => {
    const { prefillTokensPerSecond, decodeTokensPerSecond } = await evaluateCalls(caller, samplesOf(truth));
    expect({ prefillTokensPerSecond, decodeTokensPerSecond }).toEqual({
      prefillTokensPerSecond: 5000,
      decodeTokensPerSecond: 2000,
    });
    const nothing = scripted({ long: new ContextOverflowError(300, 256) });
    const result = await evaluateCalls(nothing, samplesOf({ long: [g(1)] }));
    expect(result).toMatchObject({ accuracy: 0, prefillTokensPerSecond: 0, decodeTokensPerSecond: 0 });
  });

  it("refuses an empty list", async () => {
    await expect(evaluateCalls(caller, [])).rejects.toMatchObject({ code: "invalid-data" });
  });

  describe("when it takes long", () => {
    const many = Array.from({ length: 10 }, (): Sample => ({ query: "right", answers: [f(1, "x")] }));
    const slow = (): Caller => {
      let now = 0;
      vi.spyOn(performance, "now").mockImplementation(() => now);
      const { codec, call } = scripted({ right: [f(1, "x")] });
      const slowly = (query: string) => {
        now += 60;
        return call(query);
      };
      return { codec, call: slowly } as unknown as Caller;
    };

    it("says how far it is, now and then", async () => {
      const progress: [number, number][] = [];
      await evaluateCalls(slow(), many, { onProgress: (done, total) => progress.push([done, total]) });
      expect(progress).toEqual([2, 4, 6, 8, 10].map((done) => [done, 10]));
    });

    it("stops when the signal says so", async () => {
      const run = evaluateCalls(slow(), many, { signal: AbortSignal.abort() });
      await expect(run).rejects.toMatchObject({ code: "aborted" });
    });
  });
});
