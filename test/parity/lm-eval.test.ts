// Tasks against lm-evaluation-harness (fixtures/lm-eval, written by lm_eval_fixture.py): the same prompts, and on the same
// model and the same real questions the same log-likelihoods, metrics and standard errors.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluateTasks, type ModelToEvaluate, type Sample } from "../../src/eval/evaluate.ts";
import type { TaskResult } from "../../src/eval/result.ts";
import { shippedTasks } from "../../src/eval/shipped.ts";
import { aggregate } from "../../src/eval/tasks/aggregate.ts";
import { loadCatalogue, type TaskCatalogue, type TaskDefinition } from "../../src/eval/tasks/catalogue.ts";
import { type PreparedTask, prepareTask, type Request } from "../../src/eval/tasks/prepare.ts";
import type { Answer } from "../../src/eval/tasks/twins.ts";
import type { Backend } from "../../src/kernels/backend.ts";
import { createBackend } from "../../src/kernels/index.ts";
import { loadModel } from "../../src/model/load.ts";

const folder = fileURLToPath(new URL("fixtures/lm-eval/", import.meta.url));
const shared = fileURLToPath(new URL("../../../shared/data/", import.meta.url));
const json = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8"));
const scratch = mkdtempSync(join(tmpdir(), "handheld-lm-eval-"));
let catalogue: TaskCatalogue;
let backend: Backend;
let model: ModelToEvaluate & { close(): void };

beforeAll(async () => {
  catalogue = await loadCatalogue([shippedTasks]);
  backend = await createBackend();
  model = { ...(await loadModel(backend, join(folder, "model"))), name: "tiny", hash: null };
});
afterAll(async () => {
  model.close();
  await backend.close();
  rmSync(scratch, { recursive: true, force: true });
});

function taskNamed(name: string, changes: Partial<TaskDefinition["config"]> = {}): TaskDefinition {
  const task = catalogue.find(name)[0] as TaskDefinition;
  return { ...task, config: { ...task.config, ...changes } };
}

/** What the harness calls a metric of ours. */
function harnessName(metric: string, stderr: boolean): string {
  const [name, filter = "none"] = metric.split(",");
  return `${name}${stderr ? "_stderr" : ""},${filter}`;
}

/** Both within a relative difference. */
function expectMetrics(result: TaskResult, wanted: Record<string, number>, within: number) {
  expect(result.error).toBeUndefined();
  const names = Object.keys(result.metrics);
  const theirs = Object.keys(wanted).filter((name) => !name.includes("_stderr"));
  expect(names.map((name) => harnessName(name, false)).sort()).toEqual(theirs.sort());
  for (const [name, { value, stderr }] of Object.entries(result.metrics)) {
    const close = (ours: number | null, theirs: number) => Math.abs(ours! - theirs) <= within * Math.abs(theirs);
    expect(close(value, wanted[harnessName(name, false)]!), `${name} ${value}`).toBe(true);
    const theirError = wanted[harnessName(name, true)];
    if (theirError === undefined) expect(stderr, name).toBeNull();
    else expect(close(stderr, theirError), `${name} ± ${stderr}`).toBe(true);
  }
}

describe("the shipped tasks ask what the harness's own ask, and score the same", () => {
  const rows = json("rows.json") as Record<string, Record<string, unknown[]>>;
  const asked = json("requests.json") as Record<string, { requests: string[][]; metrics: Record<string, number> }>;

  /** As the fixture's Recorder: a continuation is as likely as it is long. */
  function answer(request: Request): Answer {
    if (request.kind === "generation") return " it's WATER! ";
    const text = request.kind === "rolling" ? request.text : request.continuation;
    return { logLikelihood: -[...text].length, greedy: false };
  }

  function scores({ documents, filters, metrics }: PreparedTask): Record<string, number> {
    const found: Record<string, number> = {};
    for (const { name, apply } of filters) {
      const values = documents.map(({ row, requests }) =>
        metrics.values(
          row,
          requests.map((request) => apply([answer(request)])),
        ),
      );
      for (const { name: metric, aggregation } of metrics.rules) {
        found[`${metric},${name}`] = aggregate(
          aggregation,
          values.map((value) => value[metric]!),
        );
      }
    }
    return found;
  }

  it.each(Object.keys(asked))("%s shots", async (key) => {
    const [name, shots] = key.split("/") as [string, string];
    const data = join(scratch, name);
    mkdirSync(data, { recursive: true });
    for (const [split, some] of Object.entries(rows[name]!)) {
      writeFileSync(join(data, `${split}.jsonl`), some.map((row) => `${JSON.stringify(row)}\n`).join(""));
    }
    const task: PreparedTask = await prepareTask(taskNamed(name), { folder: data, shots: Number(shots) });
    const ours = task.documents.flatMap(({ requests }) =>
      requests.map((request) => {
        if (request.kind === "rolling") return [request.text];
        return request.kind === "generation" ? [request.context] : [request.context, request.continuation];
      }),
    );
    expect(ours).toEqual(asked[key]!.requests);
    const theirs = Object.entries(asked[key]!.metrics).filter(([name]) => !name.includes("_stderr"));
    const own = scores(task);
    expect(Object.keys(own).sort()).toEqual(theirs.map(([name]) => name).sort());
    for (const [name, value] of theirs) expect(own[name], name).toBeCloseTo(value, 10);
  });
});

describe.skipIf(!existsSync(shared))("on real questions (../shared/data)", () => {
  const { cases } = json("results.json") as {
    cases: Record<string, { metrics: Record<string, number>; logLikelihoods: string; texts: string[]; pages: number }>;
  };
  const floats = (base64: string) => {
    const bytes = Buffer.from(base64, "base64");
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  };

  async function run(task: TaskDefinition, options: Parameters<typeof evaluateTasks>[2]) {
    const samples: Sample[] = [];
    const evaluation = await evaluateTasks(model, [task], {
      ...options,
      onSample: (sample) => void samples.push(sample),
    });
    const answers = samples.flatMap(({ answers }) => (answers as { logLikelihood: number }[][]).map(([one]) => one!));
    return { result: evaluation.tasks[0]!, answers };
  }

  function expectLikelihoods(answers: readonly { logLikelihood: number }[], wanted: Float32Array) {
    expect(answers).toHaveLength(wanted.length);
    const worst = answers.reduce(
      (most, { logLikelihood }, i) => Math.max(most, Math.abs(logLikelihood - wanted[i]!)),
      0,
    );
    expect(worst).toBeLessThan(1e-3);
  }

  it.each([0, 5])(
    "PIQA, %i shots: log-likelihoods within 1e-3, the same metrics and errors",
    { timeout: 600_000 },
    async (shots) => {
      const wanted = cases[`piqa/${shots}`]!;
      const task = taskNamed("piqa", { training_split: null });
      const { result, answers } = await run(task, { folder: join(shared, "piqa"), shots: [shots] });
      expect(result.n).toBe(1838);
      expectLikelihoods(answers, floats(wanted.logLikelihoods));
      expectMetrics(result, wanted.metrics, 1e-12);
    },
  );

  it("WikiText by articles: the same perplexities", { timeout: 300_000 }, async () => {
    const wanted = cases["wikitext/0"]!;
    const { result, answers } = await run(taskNamed("wikitext"), {
      folder: join(shared, "wikitext-2"),
      limit: wanted.pages,
    });
    const theirs = floats(wanted.logLikelihoods);
    const relative = answers.map(({ logLikelihood }, i) => Math.abs(logLikelihood / theirs[i]! - 1));
    expect(Math.max(...relative)).toBeLessThan(1e-6);
    expectMetrics(result, wanted.metrics, 1e-6);
  });

  it("a first word's perplexity with its bootstrapped error", { timeout: 300_000 }, async () => {
    const wanted = cases["perplexity/0"]!;
    const task = taskNamed("piqa", {
      training_split: null,
      output_type: "loglikelihood",
      doc_to_text: "{{goal}}",
      doc_to_target: "{{sol1[:3]}}",
      metric_list: [{ metric: "perplexity" }, { metric: "acc" }],
    });
    const { result, answers } = await run(task, { folder: join(shared, "piqa"), limit: 100, bootstrap: 2000 });
    expectLikelihoods(answers, floats(wanted.logLikelihoods));
    const [ours, theirs] = [result.metrics.perplexity!, wanted.metrics];
    expect(ours.value! / theirs["perplexity,none"]!).toBeCloseTo(1, 5);
    expect(ours.stderr! / theirs["perplexity_stderr,none"]!).toBeCloseTo(1, 5);
  });

  it("generated answers: the same texts", { timeout: 300_000 }, async () => {
    const wanted = cases["generation/0"]!;
    const task = taskNamed("piqa", {
      training_split: null,
      output_type: "generate_until",
      doc_to_text: "{{goal}}",
      doc_to_target: "{{sol1}}",
      doc_to_choice: null,
      generation_kwargs: { until: ["\n", "."], max_gen_toks: 24 },
      metric_list: [{ metric: "exact_match" }],
    });
    const samples: Sample[] = [];
    const onSample = (sample: Sample) => void samples.push(sample);
    const { tasks } = await evaluateTasks(model, [task], { folder: join(shared, "piqa"), limit: 40, onSample });
    expect(samples.map(({ answers }) => (answers as string[][])[0]![0])).toEqual(wanted.texts);
    expectMetrics(tasks[0]!, wanted.metrics, 1e-12);
  });
});
