// A tiny model's cost on the real kernels: the grid, what is left out of it, what an interrupted measurement keeps, the
// breakdown, a sustained run, and joules by a counter in a folder.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { advance, makeTree, powercapFiles } from "../devices/energy/counter.case.ts";
import { openEnergyMeter } from "../devices/energy/meter.ts";
import { type BackendOptions, createBackend } from "../kernels/index.ts";
import { modelBytes } from "../spec/arithmetic.ts";
import { createSpec } from "../spec/spec.ts";
import { measureCost } from "./measure.ts";
import { type CostOptions, planLengths } from "./options.ts";
import { type CostPoint, costSchema } from "./result.ts";
import { kept } from "./sustained.ts";

const spec = createSpec({ layers: 2, width: 64, ffnWidth: 128, heads: 2, vocabulary: 256, context: 128 });
const none = { meter: null, note: "not here" };
const small: CostOptions = { prompts: [8, 16], outputs: [4], forms: ["int4"], threads: [1], repeats: 2, energy: none };
const quick = { ...small, breakdown: false };

describe("the grid", () => {
  it("has every form, prompt, output and number of threads, largest number first, each once", async () => {
    const heard: CostPoint[] = [];
    const told: [number, number][] = [];
    const cost = await measureCost(createBackend, spec, {
      ...quick,
      forms: ["int4", "f32"],
      outputs: [4, 2, 4],
      threads: [1, 2],
      onPoint: (point) => heard.push(point),
      onProgress: (done, total) => told.push([done, total]),
    });
    expect(costSchema.parse(JSON.parse(JSON.stringify(cost)))).toEqual(cost);
    const place = ({ threads, weights, prompt, output }: CostPoint) => `${threads} ${weights} ${prompt} ${output}`;
    const lengths = ["8 2", "8 4", "16 2", "16 4"];
    const places = ["2 int4", "2 f32", "1 int4", "1 f32"].flatMap((form) => lengths.map((more) => `${form} ${more}`));
    expect(cost.points.map(place)).toEqual(places);
    expect(heard).toEqual(cost.points);
    expect(told.at(-1)).toEqual([16, 16]);
    expect(told.map(([done]) => done)).toEqual(told.map(([done]) => done).toSorted((a, b) => a - b));
    for (const point of cost.points) {
      expect(point.firstTokenMs).toMatchObject({ repeats: 2 });
      expect(point.firstTokenMs.median).toBeGreaterThan((1000 * 0.99 * point.prompt) / 1e8);
      expect(point.decodeTokensPerSecond.median).toBeGreaterThan(10);
      expect(point.prefillTokensPerSecond.median).toBeGreaterThan(10);
      expect(point.memoryBytes).toBeGreaterThan(modelBytes(spec, point.weights as "int4"));
      expect(point.prefillJoulesPerToken).toBeNull();
    }
    const memory = (weights: string) => cost.points.find((point) => point.weights === weights)!.memoryBytes;
    expect(memory("f32")).toBeGreaterThan(2 * modelBytes(spec, "int4"));
    expect(memory("f32")).toBeGreaterThan(memory("int4"));
    expect(cost.energy).toEqual({ source: null, note: "not here" });
    expect(cost.notes).toEqual([expect.stringMatching(/^random weights: .*ReLU leaves more zeros/)]);
  });

  it("leaves out what the context has no room for, and says so", async () => {
    const notes: string[] = [];
    const lengths = planLengths(spec, { prompts: [32, 120], outputs: [8, 16] }, (note) => notes.push(note));
    expect(lengths).toEqual([
      { prompt: 32, output: 8 },
      { prompt: 32, output: 16 },
      { prompt: 120, output: 8 },
    ]);
    expect(notes).toEqual(["left out for the context of 128 tokens (prompt + output): 120 + 16"]);
    await expect(measureCost(createBackend, spec, { ...quick, prompts: [128] })).rejects.toThrow(
      "a prompt of 128 and 4 further tokens do not fit in the context of 128; give shorter ones",
    );
  });

  it("leaves out a form for which there is no memory; without any it is an error", async () => {
    const large = createSpec({ layers: 64, width: 16384, ffnWidth: 65536, heads: 128, vocabulary: 128256 });
    const error = await measureCost(createBackend, large, quick).catch((caught) => caught);
    expect(error).toMatchObject({ code: "out-of-memory" });
    expect(error.message).toMatch(/no form of the model fits: .*int4 left out: .* of weights/);
  });

  it("measures what fewer threads there are once, and says so", async () => {
    const onePage = ({ threads: _, ...options }: BackendOptions) => createBackend({ ...options, threads: 1 });
    const { points, notes } = await measureCost(onePage, spec, { ...quick, prompts: [8], threads: [2, 1] });
    expect(points.map(({ threads }) => threads)).toEqual([1]);
    expect(notes).toContain("2 threads were asked for; there are 1 here");
  });
});

it("goes on behind the points that are done, and stops by its signal", async () => {
  const stop = new AbortController();
  const done: CostPoint[] = [];
  const onPoint = (point: CostPoint) => {
    done.push(point);
    stop.abort();
  };
  const options = { ...quick, forms: ["int4", "int8"] as const };
  const interrupted = measureCost(createBackend, spec, { ...options, onPoint, signal: stop.signal });
  await expect(interrupted).rejects.toMatchObject({ code: "aborted" });
  expect(done).toHaveLength(1);
  const again: CostPoint[] = [];
  const cost = await measureCost(createBackend, spec, { ...options, done, onPoint: (point) => again.push(point) });
  expect(cost.points).toHaveLength(4);
  expect(cost.points[0]).toBe(done[0]);
  expect(again).toEqual(cost.points.slice(1));
  const all = await measureCost(createBackend, spec, {
    ...options,
    done: cost.points,
    onPoint: () => expect.fail("measured again"),
  });
  expect(all.points).toEqual(cost.points);
});

it("splits time and memory; shares sum to 1, memory is what the engine holds", async () => {
  const { breakdown } = await measureCost(createBackend, spec, { ...small, prompts: [16] });
  const { prefill, decode, memory, processBytes } = breakdown!;
  for (const shares of [prefill, decode]) {
    expect(shares.reduce((all, { share }) => all + share, 0)).toBeCloseTo(1, 9);
    expect(shares.map(({ name }) => name)).toEqual(expect.arrayContaining(["FFN", "attention", "sampling (greedy)"]));
  }
  expect(memory.map(({ name }) => name)).toContain("KV cache");
  const bytes = memory.reduce((all, one) => all + one.bytes, 0);
  expect(bytes).toBeGreaterThan(modelBytes(spec, "int4"));
  expect(processBytes).toBeGreaterThan(bytes);
  expect((await measureCost(createBackend, spec, quick)).breakdown).toBeNull();
});

it("decodes for a while without a pause, in equal stretches", async () => {
  const told: [number, number][] = [];
  const onProgress = (done: number, total: number) => void told.push([done, total]);
  const options = { ...quick, sustainedSeconds: 3, budgetSeconds: 1, onProgress };
  const { sustained } = await measureCost(createBackend, spec, options);
  expect(sustained).toMatchObject({ weights: "int4", threads: 1, context: 64 });
  expect(sustained!.points.map(({ at }) => Math.round(at))).toEqual([1, 2, 3]);
  for (const { decodeTokensPerSecond } of sustained!.points) expect(decodeTokensPerSecond).toBeGreaterThan(10);
  expect(sustained!.kept).toBeGreaterThan(0);
  expect(sustained!.kept).toBeLessThanOrEqual(1);
  expect(told.at(-1)).toEqual([5, 5]); // two points, and three that the run is worth
});

it("kept is the last fifth by the best one", () => {
  const run = (speeds: number[]) =>
    kept(speeds.map((decodeTokensPerSecond, at) => ({ at, decodeTokensPerSecond, celsius: null })));
  expect(run([10, 10, 10, 10, 10, 9, 8, 7, 6, 5])).toBeCloseTo(0.55, 9);
  expect(run([8, 10])).toBe(1);
  expect(run([10, 8])).toBe(0.8);
  expect(run([7])).toBe(1);
});

it.skipIf(process.platform !== "linux")("counts joules per token where there is a counter (Linux)", async () => {
  const tree = makeTree(powercapFiles(0));
  const counter = await advance(join(tree.root, "class/powercap/intel-rapl:0/energy_uj"), 10);
  const energy = await openEnergyMeter({ root: tree.root });
  const { points, energy: told } = await measureCost(createBackend, spec, { ...quick, prompts: [16], energy });
  await counter.stop();
  tree.remove();
  expect(told.source).toBe("Linux powercap (package-0, dram)");
  const [point] = points as [CostPoint];
  expect(point.prefillJoulesPerToken).toBeGreaterThan(0);
  expect(point.decodeJoulesPerToken).toBeGreaterThan(point.prefillJoulesPerToken!);
  expect(point.decodeJoulesPerToken).toBeLessThan(1);
});
