// Evaluations as a whole on a tiny model: results that fit their schema, errors that stay within a task, work that is kept.
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { tinyModel } from "../generate/tiny-model.case.ts";
import { type EvaluateOptions, evaluateTasks, type ModelToEvaluate, type Sample } from "./evaluate.ts";
import { hide, makeNeedle, needleKinds } from "./haystack.ts";
import { openJournal } from "./journal.ts";
import { evaluateNeedle } from "./needle.ts";
import { type Evaluation, evaluationSchema, needleSchema } from "./result.ts";
import { shippedTasks } from "./shipped.ts";
import { loadSuite, suiteNames, suiteTasks } from "./suites.ts";
import { type Definition, loadCatalogue } from "./tasks/catalogue.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-evaluate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const model: ModelToEvaluate = {
  ...tinyModel(undefined, { context: 48 }),
  name: "tiny",
  hash: "0".repeat(64),
  format: "f32",
};

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

const words = ["cat", "dog", "mat", "log", "jazz", "sat", "play", "wake"];
const rows = Array.from({ length: 40 }, (_, i) => ({
  q: `the ${words[i % 8]} ${i}`,
  choices: [`on the ${words[(i * 3) % 8]}`, `${words[(i * 5 + 1) % 8]}`],
  label: i % 2,
  page: `the ${words[i % 8]} sat on the mat and the dog sat `.repeat(2),
}));
write("data/set/test.jsonl", rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
const common = "dataset_path: set\ntest_split: test\nfewshot_split: test\nmetadata: {version: 2}\n";
const choice = `${common}output_type: multiple_choice\ndoc_to_text: "{{q}}"\ndoc_to_choice: choices\ndoc_to_target: label\n`;
write("tasks/pick.yaml", `task: pick\n${choice}`);
write(
  "tasks/long.yaml",
  `task: long\n${choice.replace("{{q}}", "{{page * 9}}").replace("{{page * 9}}", "{{page}}{{page}}{{page}}")}`,
);
write("tasks/bad.yaml", `task: bad\n${choice}metric_list: [{metric: nope}]\n`);
write("tasks/read.yaml", `task: read\n${common}output_type: loglikelihood_rolling\ndoc_to_target: page\n`);
write(
  "tasks/say.yaml",
  `task: say\n${common}output_type: generate_until\ndoc_to_text: q\ndoc_to_target: "{{choices[0]}}"\ngeneration_kwargs: {max_gen_toks: 5}\n`,
);
write(
  "tasks/all.yaml",
  "group: all\ntask: [pick, read]\naggregate_metric_list: [{metric: acc}, {metric: word_perplexity}]\nmetadata: {version: 1}\n",
);

async function tasks(...names: string[]): Promise<Definition[]> {
  const catalogue = await loadCatalogue([join(folder, "tasks")]);
  return names.flatMap((name) => catalogue.find(name));
}

async function evaluate(names: string[], options: EvaluateOptions = {}): Promise<Evaluation> {
  return evaluateTasks(model, await tasks(...names), { folder: join(folder, "data"), ...options });
}

/** What must not differ between two runs of the same. */
const lasting = ({ tasks: results, config, model: which }: Evaluation) => ({ results, config, which });

describe("an evaluation", () => {
  it("has what its schema says, for every kind of task", async () => {
    const samples: Sample[] = [];
    const evaluation = await evaluate(["pick", "read", "say"], { onSample: (sample) => void samples.push(sample) });
    expect(evaluationSchema.parse(JSON.parse(JSON.stringify(evaluation)))).toEqual(
      JSON.parse(JSON.stringify(evaluation)),
    );
    const [pick, read, say] = evaluation.tasks;
    expect([pick!.n, pick!.shots, pick!.version]).toEqual([40, 0, 2]);
    expect(Object.keys(pick!.metrics)).toEqual(["acc", "acc_norm"]);
    expect(Object.keys(read!.metrics)).toEqual(["word_perplexity", "byte_perplexity", "bits_per_byte"]);
    expect(read!.metrics.word_perplexity).toMatchObject({ stderr: null, higherIsBetter: false });
    expect(Object.keys(say!.metrics)).toEqual(["exact_match"]);
    const right = samples.filter(({ task, metrics }) => task === "pick" && metrics.acc === 1).length;
    expect(pick!.metrics.acc!.value).toBe(right / 40);
    expect(pick!.metrics.acc!.stderr).toBeCloseTo(Math.sqrt(((right / 40) * (1 - right / 40)) / 39), 12);
    expect(samples).toHaveLength(120);
  });

  it("runs each task with each number of examples, and averages groups", async () => {
    const { tasks: results } = await evaluate(["all"], { shots: [0, 1], limit: 5 });
    expect(results.map(({ name, kind, shots, n }) => [name, kind, shots, n])).toEqual([
      ["pick", "task", 0, 5],
      ["read", "task", 0, 5],
      ["pick", "task", 1, 5],
      ["all", "group", 0, 10],
      ["all", "group", 1, 5],
    ]);
    expect(results[3]!.metrics.acc!.value).toBe(results[0]!.metrics.acc!.value);
  });

  it("goes on where a task cannot be run: a faulty file, a context that is too short", async () => {
    const { tasks: results } = await evaluate(["bad", "long", "pick"]);
    expect(results.map(({ name, error }) => [name, error?.code])).toEqual([
      ["bad", "invalid-file"],
      ["long", "context-overflow"],
      ["pick", undefined],
    ]);
    expect(results[0]!.error!.message).toMatch(/bad\.yaml: metric_list\.0: unknown metric "nope"/);
    const cut = await evaluate(["long"], { truncate: true });
    expect(cut.tasks[0]).toMatchObject({ truncated: 80, n: 40 });
  });

  it("runs a task once for each of its own shots, and a group once", async () => {
    const [pick] = await tasks("pick");
    if (pick?.kind !== "task") throw new Error("pick is a task");
    const withOne = { ...pick, config: { ...pick.config, num_fewshot: 1 } };
    const all = await tasks("all", "all");
    const run = await evaluateTasks(model, [pick, withOne, ...all], { folder: join(folder, "data"), limit: 4 });
    expect(run.tasks.map(({ name, shots, n }) => [name, shots, n])).toEqual([
      ["pick", 0, 4],
      ["pick", 1, 4],
      ["read", 0, 4],
      ["all", 0, 8],
    ]);
  });

  it("refuses the same rows for two configurations of a data set", async () => {
    const [pick] = await tasks("pick");
    if (pick?.kind !== "task") throw new Error("pick is a task");
    const of = (name: string) => ({ ...pick, name, config: { ...pick.config, task: name, dataset_name: name } });
    const { tasks: results } = await evaluateTasks(model, [of("one"), of("two")], { folder: join(folder, "data") });
    expect(results.map(({ name, error }) => [name, error?.code])).toEqual([
      ["one", undefined],
      ["two", "invalid-data"],
    ]);
    expect(results[1]!.error!.message).toMatch(/the rows of two are those of one.*below a folder named two/);
  });

  it("counts only what is left to do as its progress", async () => {
    const journal = { folder: join(folder, "left") };
    const totals: number[] = [];
    const onProgress = (_: number, total: number) => void totals.push(total);
    await evaluate(["say"], { journal, onProgress });
    const whole = totals[0]!;
    const [name] = readdirSync(journal.folder);
    const lines = readFileSync(join(journal.folder, name!), "utf8").trimEnd().split("\n");
    writeFileSync(
      join(journal.folder, name!),
      lines
        .slice(1)
        .map((line) => `${line}\n`)
        .join(""),
    );
    totals.length = 0;
    await evaluate(["say"], { journal, onProgress });
    expect(lines.length).toBeGreaterThan(2);
    expect(new Set(totals).size).toBe(1);
    expect(totals[0]!).toBeLessThan(whole / 2);
  });

  it("says of data that are not there that they were to be examples", async () => {
    const [pick] = await tasks("pick");
    if (pick?.kind !== "task") throw new Error("pick is a task");
    const bare = { ...pick, config: { ...pick.config, fewshot_split: null, training_split: "train" } };
    const { tasks: results } = await evaluateTasks(model, [bare], { folder: join(folder, "data"), shots: [2] });
    expect(results[0]!.error!.message).toMatch(/^2 worked examples: .*no split "train" of set; there are test/);
  });

  it("is interrupted by its signal", async () => {
    await expect(evaluate(["pick"], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
    await expect(evaluate(["pick"], { context: 4096 })).rejects.toMatchObject({ code: "invalid-option" });
  });

  it("keeps what is finished: the second time it computes nothing, and a change begins anew", async () => {
    const journal = { folder: join(folder, "kept") };
    const first = await evaluate(["pick", "say"], { journal });
    const second = await evaluate(["pick", "say"], { journal });
    expect(first.tokens.computed).toBeGreaterThan(0);
    expect(second.tokens.computed).toBe(0);
    expect(lasting(second)).toEqual(lasting(first));
    expect((await evaluate(["pick"], { journal, shots: [1] })).tokens.computed).toBeGreaterThan(0);
    expect((await evaluate(["pick"], { journal, kv: "int8" })).tokens.computed).toBeGreaterThan(0);
    expect((await evaluate(["pick"], { journal: { ...journal, fresh: true } })).tokens.computed).toBe(
      (await evaluate(["pick"])).tokens.computed,
    );
  });

  it("goes on from a journal that was cut off anywhere, with the same result", async () => {
    const journal = { folder: join(folder, "cut") };
    const whole = await evaluate(["say"], { journal });
    const [name] = readdirSync(journal.folder);
    const path = join(journal.folder, name!);
    const length = readFileSync(path).byteLength;
    for (const left of [0, 1, Math.floor(length / 2), length - 1]) {
      truncateSync(path, left);
      expect(lasting(await evaluate(["say"], { journal }))).toEqual(lasting(whole));
      expect(readFileSync(path).byteLength).toBe(length);
    }
  });
});

describe("a journal", () => {
  it("drops a torn last line and leaves what is no entry alone", async () => {
    const at = join(folder, "journal");
    const one = await openJournal(at, "a");
    await one.add("x", [1]);
    appendFileSync(join(at, "a.jsonl"), 'garbage\n{"key":"y","resu');
    const two = await openJournal(at, "a");
    expect([two.size, two.get("x"), two.get("y")]).toEqual([1, [1], undefined]);
    await two.add("y", [2]);
    expect((await openJournal(at, "a")).get("y")).toEqual([2]);
    expect((await openJournal(at, "a", true)).size).toBe(0);
  });
});

describe("a needle in a haystack", () => {
  it.each(needleKinds)("%s: facts at the depth asked for, within the length", (kind) => {
    const needle = makeNeedle(kind, 1);
    const filler = Array.from({ length: 100 }, (_, i) => `Line ${i}.`);
    const count = (text: string) => text.split(/\s+/).length;
    for (const depth of [0, 0.5, 1]) {
      const text = hide(needle, depth, 150, count, filler);
      expect(count(text)).toBeLessThanOrEqual(150);
      const body = text.slice(0, text.indexOf("\n\nQuestion"));
      const places = needle.facts.map((fact) => (body.indexOf(fact) - 50) / (body.length - 50));
      expect(Math.min(...places)).toBeGreaterThan(-0.1);
      expect(places[0]!).toBeGreaterThan(depth - 0.35);
      expect(places[0]!).toBeLessThan(depth + 0.15);
      expect([...places].sort((a, b) => a - b)).toEqual(places);
    }
    expect(() => hide(needle, 0, 10, count, filler)).toThrow(/has no room/);
    expect(makeNeedle(kind, 2)).not.toEqual(needle);
  });

  it("gives a cell for every kind, length and depth", async () => {
    const large: ModelToEvaluate = {
      ...tinyModel(undefined, { context: 400 }),
      name: "tiny",
      hash: null,
      format: "f32",
    };
    const progress: number[] = [];
    const result = await evaluateNeedle(large, {
      lengths: [300, 360],
      depths: [0, 1],
      samples: 1,
      onProgress: (done) => progress.push(done),
    });
    expect(needleSchema.parse(result)).toEqual(result);
    expect(result.cells).toHaveLength(12);
    expect(progress.length).toBeGreaterThan(0);
    await expect(evaluateNeedle(large, { lengths: [400] })).rejects.toThrow(/do not fit in the model's context of 400/);
  });
});

describe("suites", () => {
  it("that are shipped name tasks that are shipped", async () => {
    const catalogue = await loadCatalogue([shippedTasks]);
    for (const name of await suiteNames()) {
      const found = suiteTasks(await loadSuite(name), catalogue);
      expect(found.length, name).toBeGreaterThan(2);
    }
    const survey = suiteTasks(await loadSuite("survey"), catalogue);
    expect(survey.find(({ name }) => name === "piqa")).toMatchObject({ config: { num_fewshot: 5 } });
    await expect(loadSuite("surveys")).rejects.toThrow(/there is no suite "surveys"; did you mean "survey"/);
  });
});
