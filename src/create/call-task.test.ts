// What a call model learns: the choices that decoding will give it, and nothing that decoding decides alone.
import { expect, test } from "vitest";
import { codecTokens, createCallCodec } from "../functions/codec.ts";
import { getCallFormat } from "../functions/formats/registry.ts";
import { parseFunctions } from "../functions/schema.ts";
import type { Sample } from "../functions/types.ts";
import { createCallConstrainer } from "../generate/calls.ts";
import { createRandom } from "../random.ts";
import { trainTokenizer } from "../tokenizer/bpe-trainer.ts";
import type { TrainExample } from "../train/types.ts";
import { createCallTask } from "./call-task.ts";

const settings = { format: "code_short", queryRepeats: 1 } as const;
const text = { type: "string", extractive: true };
const functions = parseFunctions(
  [
    { name: "play", description: "", parameters: { type: "object", properties: { title: text }, required: ["title"] } },
    { name: "stop", description: "", parameters: { type: "object", properties: {} } },
  ],
  "functions",
);
const { special, literal } = codecTokens(getCallFormat(settings.format), functions);
const tokenizer = trainTokenizer(["play some blue song now", "stop"], {
  vocabularySize: 300,
  specialTokens: special,
  literalTokens: literal,
  addPrefixSpace: true,
});
const codec = createCallCodec(tokenizer, functions, settings);
const samples: Sample[] = [
  { query: "play blue song now", answers: [{ name: "play", arguments: { title: "blue song" } }] },
  { query: "stop now", answers: [{ name: "stop", arguments: {} }] },
];

async function examplesOf(train: Sample[], augmentation = {}): Promise<readonly TrainExample[]> {
  const dataset = { functions, train, validation: train, test: train };
  const task = createCallTask(dataset, codec, tokenizer, { validationSamples: 1 });
  return task.examples({ epoch: 0, random: createRandom(1), augmentation });
}

test("every token of an answer is chosen among those that decoding allows, and forced ones have no weight", async () => {
  const examples = await examplesOf(samples);
  for (const [s, { ids, weights, choices }] of examples.entries()) {
    const constraint = createCallConstrainer(tokenizer, codec).start(samples[s]!.query);
    const begin = codec.prompt(samples[s]!.query).length;
    expect([...weights.subarray(0, begin)]).toEqual(Array(begin).fill(0));
    for (let t = begin; t < ids.length; t++) {
      expect([...Array.from(choices![t]!)]).toEqual([...constraint.allowed().ids()]);
      expect(choices![t]!.length).toBeLessThan(30);
      expect(weights[t]).toBe(constraint.forced() === null ? 1 : 0);
      constraint.accept(ids[t]!);
    }
  }
});

test("a token of the query is told from others of queries, itself among them once", async () => {
  const prompts = samples.map(({ query }) => codec.prompt(query));
  const seen = new Set(prompts.flat());
  for (const [s, { ids, weights, choices }] of (await examplesOf(samples, { queryWeight: 0.25 })).entries()) {
    expect(weights[0]).toBe(0);
    for (let t = 1; t < prompts[s]!.length; t++) {
      expect(weights[t]).toBe(0.25);
      const among = Array.from(choices![t]!);
      expect(among.filter((id) => id === ids[t]).length).toBe(1);
      expect(among.length).toBeGreaterThan(8);
      for (const id of among) expect(seen).toContain(id);
    }
  }
});

test("an answer that decoding would not allow is learned from the whole vocabulary", async () => {
  const copied: Sample = { query: "play it", answers: [{ name: "play", arguments: { title: "now" } }] };
  const [{ ids, weights, choices }] = (await examplesOf([copied, ...samples])) as [TrainExample];
  const begin = codec.prompt(copied.query).length;
  expect([...weights.subarray(begin)]).toEqual(Array(ids.length - begin).fill(1));
  for (const among of choices!.slice(begin)) expect(among!.length).toBe(tokenizer.size);
});
