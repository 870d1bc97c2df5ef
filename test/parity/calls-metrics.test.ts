// Metrics of function calling against rouge-score and seqeval (fixtures/calls-metrics.json, written by calls_metrics.py).
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ratio } from "../../src/eval/calls/protocol.ts";
import { rouge } from "../../src/eval/calls/rouge.ts";
import { slots } from "../../src/eval/calls/slots.ts";
import { parseSnips } from "../../src/functions/data/snips.ts";
import { BadLines } from "../../src/functions/data/types.ts";

interface Fixture {
  /** Text, reference, and both F-measures. */
  rouge: [string, string, number, number][];
  slots: {
    sentences: string[][];
    gold: string[][];
    predicted: string[][];
    scores: { slotF1: number; slotPrecision: number; slotRecall: number };
  };
}
const fixture: Fixture = JSON.parse(readFileSync(new URL("fixtures/calls-metrics.json", import.meta.url), "utf8"));

describe("metrics of function calling", () => {
  it("ROUGE-1 and ROUGE-L are rouge-score's, within 1e-12", () => {
    expect(fixture.rouge).toHaveLength(40);
    for (const [text, reference, rouge1, rougeL] of fixture.rouge) {
      const ours = rouge(text, reference);
      expect(ours.rouge1, text).toBeCloseTo(rouge1, 12);
      expect(ours.rougeL, text).toBeCloseTo(rougeL, 12);
    }
  });

  it("slot F1, precision and recall are seqeval's, within 1e-12", () => {
    const { sentences, gold, predicted, scores } = fixture.slots;
    const lines = (rows: string[][]) => rows.map((row) => row.join(" ")).join("\n");
    const read = (tags: string[][]) =>
      parseSnips(
        {
          label: sentences.map(() => "Play").join("\n"),
          seqIn: lines(sentences),
          seqOut: lines(tags),
          folder: "fixture",
        },
        new BadLines(false),
      );
    const answers = read(predicted);
    const options = { functions: new Map(), rules: new Map(), texts: "strict" as const };
    const shares = read(gold).map((sample, i) =>
      slots.score({ calls: answers[i]!.answers, text: "" }, sample, options),
    );
    for (const name of ["slotF1", "slotPrecision", "slotRecall"] as const) {
      expect(ratio(shares.map((own) => own[name]!)).value, name).toBeCloseTo(scores[name], 12);
    }
  });
});
