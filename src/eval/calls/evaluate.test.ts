// Protocols as a whole, on real models of random weights: a call model that is scored against its own answers, and a model that
// is asked in words, whose finished answers are read back from disk.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { codecTokens, createCallCodec } from "../../functions/codec.ts";
import { getCallFormat } from "../../functions/formats/registry.ts";
import type { FunctionSchema, Sample } from "../../functions/types.ts";
import { createCaller } from "../../generate/calls.ts";
import { tinyModel, tinyTokenizer } from "../../generate/tiny-model.case.ts";
import { callsRecordSchema } from "../../results/record.ts";
import { evaluateCalls } from "../calls.ts";
import type { ModelToEvaluate } from "../evaluate.ts";
import type { TunedModel } from "./answers.ts";
import { type CallData, callsRecord, evaluateProtocol, exactCallsRecord, type ScoredSample } from "./evaluate.ts";
import { ratio } from "./protocol.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-protocols-"));
afterAll(() => rmSync(folder, { recursive: true }));

const functions: FunctionSchema[] = [
  { name: "play", parameters: { type: "object", properties: { song: { type: "string" } }, required: ["song"] } },
  { name: "wake", parameters: { type: "object", properties: { hour: { type: "integer", minimum: 0, maximum: 23 } } } },
];
const settings = { format: "code_short", queryRepeats: 1 as const };
const { special, literal } = codecTokens(getCallFormat(settings.format), functions);
const tokenizer = tinyTokenizer({ specialTokens: special, literalTokens: literal, roles: { eos: special[2]! } });
const model = tinyModel(tokenizer, { context: 96 });
const caller = createCaller(model.decoder, tokenizer, createCallCodec(tokenizer, functions, settings), {
  maxTokens: 24,
});
const tuned: TunedModel = { caller, hash: "a".repeat(64), format: "f32" };
const queries = ["play some jazz", "wake me up at 8", "the cat sat", "dog log", "play the mat"];

/** The call model's own answers as the truth. */
const own: Sample[] = queries.map((query) => ({ query, answers: caller.call(query).calls }));
const data = (samples: readonly Sample[], train: readonly Sample[] = []): CallData => ({
  ...{ name: "own", functions, samples, train },
});
const values = ({ metrics }: { metrics: Record<string, { value: number | null }> }) =>
  Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value]));

describe("a call model", () => {
  it("scored against its own answers is right by every protocol", async () => {
    expect(own.flatMap(({ answers }) => answers).length).toBeGreaterThanOrEqual(5);
    const droidcall = await evaluateProtocol(tuned, data(own), { protocol: "droidcall" });
    expect(values(droidcall)).toEqual({ accuracy: 1, softAccuracy: 1, exactMatch: 1 });
    expect(droidcall).toMatchObject({
      protocol: "droidcall",
      data: "own",
      shots: 0,
      n: 5,
      weights: "f32",
      how: "tuned",
    });
    expect(droidcall.config).toEqual({ texts: "meaning", seed: 1 });
    const slots = await evaluateProtocol(tuned, data(own), { protocol: "slots" });
    expect(values(slots)).toMatchObject({ intentAccuracy: 1, frameAccuracy: 1 });
    const api = await evaluateProtocol(tuned, data(own), { protocol: "api" });
    expect(values(api)).toEqual({ intentExactMatch: 1, structureExactMatch: 1, callRouge1: 1, callRougeL: 1 });
  });

  it("is wrong where the truth is another, with the error of a mean; the samples say which", async () => {
    const other = { name: "other", arguments: {} };
    const changed = own.map((sample, i) => (i < 2 ? { ...sample, answers: [other] } : sample));
    const samples: ScoredSample[] = [];
    const result = await evaluateProtocol(tuned, data(changed), {
      protocol: "droidcall",
      onSample: (sample) => samples.push(sample),
    });
    expect(result.metrics.accuracy).toEqual({ value: 0.6, stderr: expect.closeTo(Math.sqrt((0.6 * 0.4) / 4), 12) });
    expect(samples.map(({ shares }) => shares.accuracy![0])).toEqual([0, 0, 1, 1, 1]);
    expect(samples[0]).toMatchObject({ query: queries[0], expected: [other], predicted: own[0]!.answers });
    expect(callsRecordSchema.parse(callsRecord(result))).toEqual(callsRecord(result));
  });

  it("counts a query that does not fit as wrong", async () => {
    const long = { query: "the cat sat on the mat ".repeat(20), answers: own[0]!.answers };
    const result = await evaluateProtocol(tuned, data([own[0]!, long]), { protocol: "droidcall" });
    expect(result).toMatchObject({ tooLong: 1, unparsed: 0, metrics: { accuracy: { value: 0.5 } } });
  });

  it("takes no examples and needs samples", async () => {
    const run = (samples: Sample[], shots: number) =>
      evaluateProtocol(tuned, data(samples), { protocol: "api", shots });
    await expect(run(own, 1)).rejects.toMatchObject({ code: "invalid-option" });
    await expect(run([], 0)).rejects.toMatchObject({ code: "invalid-data" });
  });

  it("stops when the signal says so, and reads finished blocks back", async () => {
    const journal = { folder: join(folder, "tuned") };
    const stopped = evaluateProtocol(tuned, data(own), { protocol: "slots", journal, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: "aborted" });
    const first = await evaluateProtocol(tuned, data(own), { protocol: "slots", journal });
    const files = readdirSync(journal.folder);
    expect(files).toHaveLength(1);
    const path = join(journal.folder, files[0]!);
    writeFileSync(
      path,
      readFileSync(path, "utf8").replaceAll(/"calls":\[\{/g, '"calls":[{"name":"x","arguments":{}},{'),
    );
    const second = await evaluateProtocol(tuned, data(own), { protocol: "slots", journal });
    expect(values(first).frameAccuracy).toBe(1);
    expect(values(second).frameAccuracy).toBe(0); // it is what the file says
    const fresh = await evaluateProtocol(tuned, data(own), { protocol: "slots", journal: { ...journal, fresh: true } });
    expect(fresh).toEqual(first);
  });

  it("has a record of exact calls too", async () => {
    const record = exactCallsRecord(await evaluateCalls(caller, own), "own", "f32");
    expect(callsRecordSchema.parse(record)).toEqual(record);
    expect(record).toMatchObject({ protocol: "calls", n: 5, metrics: { accuracy: { value: 1, stderr: 0 } } });
  });
});

describe("an instruct model", () => {
  const prompted: ModelToEvaluate = {
    ...tinyModel(tinyTokenizer(), { context: 1200 }),
    ...{ name: "tiny", hash: "b".repeat(64), format: "f32" },
  };
  const samples: Sample[] = [
    { query: "play jazz", answers: [{ name: "play", arguments: { song: "jazz" } }], response: "Playing jazz." },
    { query: "wake me at 8", answers: [{ name: "wake", arguments: { hour: 8 } }], response: "Good night." },
  ];
  const train: Sample[] = [{ query: "play rock", answers: [{ name: "play", arguments: { song: "rock" } }] }];
  const options = {
    protocol: "api" as const,
    maxTokens: 3,
    toolsPerQuery: 2,
    journal: { folder: join(folder, "prompted") },
  };

  it("that says anything is asked, and scored by what it said when the run goes on", async () => {
    const first = await evaluateProtocol(prompted, data(samples, train), options);
    expect(first).toMatchObject({ how: "prompted", n: 2, unparsed: 2, tooLong: 0 });
    expect(first.config).toEqual({
      ...{ texts: "meaning", style: "json", tools: "gold", toolsPerQuery: 2, toolRecall: 1, maxTokens: 3, seed: 1 },
    });
    expect(values(first)).toMatchObject({ intentExactMatch: 0, structureExactMatch: 0 });
    // As if it had said this before it was killed.
    const [file] = readdirSync(options.journal.folder);
    const path = join(options.journal.folder, file!);
    const entry = JSON.parse(readFileSync(path, "utf8"));
    const said = {
      jazz: '[{"name": "play", "arguments": {"song": "jazz"}}]\nResponse: Playing jazz.',
      wake: "```\nwake(hour=9)\n```\nResponse: Night.",
    };
    const orders = [
      [said.jazz, said.wake],
      [said.wake, said.jazz],
    ];
    const scores = await Promise.all(
      orders.map(async (texts, i) => {
        const inner = join(folder, `prompted-${i}`);
        mkdirSync(inner);
        writeFileSync(join(inner, file!), `${JSON.stringify({ ...entry, results: texts })}\n`);
        return evaluateProtocol(prompted, data(samples, train), { ...options, journal: { folder: inner } });
      }),
    );
    // Prompts are sorted by their tokens; one of the two orders is theirs.
    const best = scores.map(values).find(({ intentExactMatch }) => intentExactMatch === 1);
    expect(best).toMatchObject({ intentExactMatch: 1, structureExactMatch: 0.5 });
    expect(best!.rouge1).toBeCloseTo((1 + 2 / 3) / 2, 12);
    expect(best!.callRouge1).toBeCloseTo((1 + 2 / 3) / 2, 12);
  });

  it("with prompts that do not fit is wrong, and says how often", async () => {
    const small: ModelToEvaluate = {
      ...tinyModel(tinyTokenizer(), { context: 64 }),
      name: "small",
      hash: null,
      format: "f32",
    };
    const result = await evaluateProtocol(small, data(samples), { ...options, protocol: "droidcall", shots: 1 });
    expect(result).toMatchObject({ shots: 1, tooLong: 2, unparsed: 0, metrics: { accuracy: { value: 0 } } });
  });

  it("is told how often the search found the functions", async () => {
    const small: ModelToEvaluate = {
      ...tinyModel(tinyTokenizer(), { context: 64 }),
      name: "small",
      hash: null,
      format: "f32",
    };
    const asked: Sample[] = [...samples, { query: "wake up", answers: samples[0]!.answers }];
    const { config } = await evaluateProtocol(small, data(asked), {
      ...{ ...options, protocol: "slots", tools: "retrieved", toolsPerQuery: 1 },
    });
    expect(config.toolRecall).toBeCloseTo(2 / 3, 12);
  });
});

describe("ratio", () => {
  it("of ones below is a mean with its standard error", () => {
    expect(ratio([1, 0, 0, 1, 1].map((value) => [value, 1]))).toEqual({
      value: 0.6,
      stderr: expect.closeTo(Math.sqrt(0.24 / 4), 12),
    });
  });

  it("of sums is their quotient; without anything to divide by, or of one sample, there is less to say", () => {
    expect(
      ratio([
        [1, 2],
        [3, 4],
      ]),
    ).toEqual({ value: 4 / 6, stderr: expect.closeTo(Math.sqrt(2 * 2 * (1 / 3) ** 2) / 6, 12) });
    expect(
      ratio([
        [0, 0],
        [0, 0],
      ]),
    ).toEqual({ value: null, stderr: null });
    expect(ratio([[1, 2]])).toEqual({ value: 0.5, stderr: null });
    expect(ratio([])).toEqual({ value: null, stderr: null });
  });
});
