// From `handheld create` to every other command on its output, as processes with the JSON that scripts depend on.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ended, handheld, resultOf } from "./support/cli.ts";

const cwd = mkdtempSync(join(tmpdir(), "handheld-cli-create-"));
afterAll(() => rmSync(cwd, { recursive: true }));
const spec = { layers: 1, width: 32, ffnWidth: 64, heads: 2, vocabulary: 1, context: 512 };
writeFileSync(join(cwd, "tiny.json"), JSON.stringify(spec));
writeFileSync(join(cwd, "recipe.json"), JSON.stringify({ length: { steps: 30 }, validations: 1 }));
const create = ["create", "--samples", "300", "--spec", "tiny.json", "--recipe", "recipe.json", "--json"];
const run = (...args: string[]) => handheld(args, { cwd });

/** A number from 0 to 1. */
const share = { asymmetricMatch: (value: unknown) => typeof value === "number" && value >= 0 && value <= 1 };
const positive = {
  asymmetricMatch: (value: unknown) => typeof value === "number" && value > 0 && Number.isFinite(value),
};

describe("handheld create", () => {
  let ended: Ended;
  beforeAll(async () => {
    ended = await handheld(create, { cwd });
  });

  it("ends with one JSON object that has the promised keys; everything else is on standard error", () => {
    expect(ended.code).toBe(0);
    expect(ended.out.trimEnd().split("\n")).toHaveLength(1);
    expect(resultOf(ended)).toMatchObject({
      name: "calls",
      dir: "runs/calls",
      parameters: positive,
      sizeBytes: statSync(join(cwd, "runs/calls/int4/model.safetensors")).size,
      seconds: positive,
      accuracy: share,
      softAccuracy: share,
      floatAccuracy: share,
      decodeTokensPerSecond: positive,
      prefillTokensPerSecond: positive,
      trainGflops: positive,
    });
  });

  it("tells of every stage", () => {
    const { err } = ended;
    const stages = ["1. Device", "2. Data", "3. Architecture", "4. Training", "5. Quantising", "6. Result"];
    for (const stage of stages) expect(err).toContain(`\n${stage}\n`);
    expect(err).toMatch(/SIMD +(relaxed|simd128|none)/);
    expect(err).toContain("24 functions");
    expect(err).toMatch(/240 train \(\d+ phrasings\), 30 validation \(\d+ phrasings\), 30 test/);
    expect(err).toContain('"wake me up at 8"\n    → ');
    expect(err).toMatch(/→ [a-z_]+\(.*\)\n {6}(adb shell|\(no Android command: )/);
  });

  it("leaves both models, settings, metrics and a report", () => {
    expect(readdirSync(join(cwd, "runs/calls")).sort()).toEqual([
      "checkpoint.bin",
      "float",
      "int4",
      "metrics.jsonl",
      "report.html",
      "result.json",
      "run.json",
    ]);
    const metrics = readFileSync(join(cwd, "runs/calls/metrics.jsonl"), "utf8").trimEnd().split("\n");
    expect(metrics.map((line) => JSON.parse(line).type)).toContain("done");
  });

  it("run prints the call, and as JSON the command", async () => {
    const ended = await run("run", "runs/calls/int4", "wake me up at 8", "--json");
    const result = resultOf(ended);
    expect(result).toMatchObject({ query: "wake me up at 8", calls: expect.any(Array), commands: expect.any(Array) });
    expect(ended.err).toContain(`→ ${(result.text as string).split("\n")[0]}`);
  });

  it("run goes on with a text, and streams it", async () => {
    const args = [
      "run",
      "runs/calls/float",
      "wake me",
      "--mode",
      "complete",
      "--max-tokens",
      "9",
      "--temperature",
      "1",
    ];
    const [plain, json] = [await run(...args), await run(...args, "--json")];
    expect(plain.code).toBe(0);
    const result = resultOf(json);
    expect(result).toMatchObject({ type: "done", promptTokens: positive });
    expect(plain.out.startsWith(result.text as string)).toBe(true);
  });

  it("eval scores what create scored", async () => {
    const { accuracy, softAccuracy } = resultOf(ended);
    const scores = resultOf(await run("eval", "runs/calls/int4", "--json"));
    expect(scores).toMatchObject({ accuracy, softAccuracy, samples: 30 });
  });

  it("quantize makes the same int4 model from the float one, and overwrites nothing", async () => {
    const ended = await run("quantize", "runs/calls/float", "again", "--json");
    expect(resultOf(ended)).toMatchObject({ sizeBytes: statSync(join(cwd, "again/model.safetensors")).size });
    for (const name of readdirSync(join(cwd, "again"))) {
      const [again, first] = ["again", "runs/calls/int4"].map((dir) => readFileSync(join(cwd, dir, name)));
      expect(again!.equals(first!), name).toBe(true);
    }
    expect(await run("quantize", "runs/calls/float", "again")).toMatchObject({
      code: 1,
      err: "error: again exists already; give a new folder\n",
    });
  });

  it("bench measures it", async () => {
    const args = ["bench", "runs/calls/int4", "--prefill", "8", "--decode", "8", "--repeats", "2", "--json"];
    expect(resultOf(await run(...args))).toMatchObject({
      model: "runs/calls/int4",
      parameters: resultOf(ended).parameters,
      threads: 1,
      simd: expect.stringMatching(/^(relaxed|simd128|none)$/),
      bandwidthGBps: positive,
      loadMs: positive,
      residentBytes: positive,
      prefill: [{ tokens: 8, tokensPerSecond: positive, spread: expect.any(Number) }],
      decode: [{ context: 8, tokensPerSecond: positive, spread: expect.any(Number) }],
    });
  });
});
