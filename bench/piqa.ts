// How long PIQA takes: all questions, 0-shot, on the MobileLLM-125M preset with random weights, at int4 and f32, beside
// lm-evaluation-harness with transformers on the same directory, each run in a fresh process:
//
//   npm run build && node bench/piqa.ts [--python venv/bin/python] [--variants int4,f32,harness] [--rounds 3]
//     [--limit 1838] [--threads 2] [--data ../shared/data] [--preset MobileLLM-125M] [--batch-size 16] [--json]
//
// `--python` is one with lm_eval, torch and transformers (test/parity/requirements.txt); without it the harness is left
// out. The tokenizer is trained here on WikiText-2, up to the preset's vocabulary. Timed: from the questions as text to the
// metrics; loading the model, and Python's imports, are not in it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { evaluateTasks } from "../src/eval/evaluate.ts";
import { shippedTasks } from "../src/eval/shipped.ts";
import { loadCatalogue, type TaskDefinition } from "../src/eval/tasks/catalogue.ts";
import { createBackend } from "../src/kernels/index.ts";
import { loadModel, saveModel, tensorShapes, type WeightFormat } from "../src/model/index.ts";
import { createRandom } from "../src/random.ts";
import { preset } from "../src/spec/index.ts";
import { trainTokenizer } from "../src/tokenizer/index.ts";
import { median, setting } from "./fresh.ts";

const { values: options } = parseArgs({
  options: {
    python: { type: "string" },
    variants: { type: "string" },
    rounds: { type: "string", default: "3" },
    limit: { type: "string", default: "1838" },
    threads: { type: "string", default: String(Math.min(8, availableParallelism())) },
    data: { type: "string", default: "../shared/data" },
    preset: { type: "string", default: "MobileLLM-125M" },
    "batch-size": { type: "string", default: "16" },
    json: { type: "boolean", default: false },
    model: { type: "string" },
    variant: { type: "string" },
  },
});

/** One run of one variant. */
interface Run {
  seconds: number;
  acc: number;
  accNorm: number;
  tokens: number | null;
}

if (options.variant === undefined) await compare();
else console.log(JSON.stringify(await measure(options.variant)));

async function compare(): Promise<void> {
  const names = options.variants?.split(",") ?? ["int4", "f32", ...(options.python ? ["harness"] : [])];
  const dir = options.model ?? mkdtempSync(join(tmpdir(), "handheld-piqa-"));
  try {
    if (options.model === undefined) await writeModel(dir);
    const runs = new Map<string, Run[]>(names.map((name) => [name, []]));
    const rounds = Number(options.rounds);
    for (let round = 0; round < rounds; round++) {
      for (const name of round % 2 === 0 ? names : names.toReversed()) runs.get(name)!.push(freshRun(name, dir));
    }
    report(runs, rounds);
  } finally {
    if (options.model === undefined) rmSync(dir, { recursive: true });
  }
}

function freshRun(name: string, dir: string): Run {
  if (name === "harness") {
    const script = fileURLToPath(new URL("piqa_harness.py", import.meta.url));
    const { threads, limit, data, "batch-size": batchSize } = options;
    const args = [script, dir, join(data!, "piqa"), limit!, batchSize!, threads!];
    const output = execFileSync(options.python!, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return JSON.parse(output.trim().split("\n").at(-1)!) as Run;
  }
  const args = [...process.execArgv, ...process.argv.slice(1), "--variant", name, "--model", dir];
  return JSON.parse(
    execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }),
  ) as Run;
}

async function measure(format: string): Promise<Run> {
  const backend = await createBackend({ threads: Number(options.threads) });
  const loaded = await loadModel(backend, options.model!, { format: format as WeightFormat });
  const [task] = (await loadCatalogue([shippedTasks])).find("piqa") as TaskDefinition[];
  const start = performance.now();
  const evaluation = await evaluateTasks({ ...loaded, name: options.preset!, hash: null }, [task!], {
    folder: join(options.data!, "piqa"),
    limit: Number(options.limit),
  });
  const seconds = (performance.now() - start) / 1000;
  await backend.close();
  const { acc, acc_norm: accNorm } = evaluation.tasks[0]!.metrics;
  return { seconds, acc: acc!.value!, accNorm: accNorm!.value!, tokens: evaluation.tokens.computed };
}

/** A directory that both sides load: random weights whose every layer changes the logits. */
async function writeModel(dir: string): Promise<void> {
  const given = preset(options.preset!);
  const text = ["valid", "test"].map((split) =>
    readFileSync(join(options.data!, "wikitext-2", `${split}.txt`), "utf8"),
  );
  const tokenizer = trainTokenizer(text.join("").split("\n"), { vocabularySize: given.vocabulary });
  const spec = { ...given, context: 2048 };
  const tensors = tensorShapes(spec).map(({ name, shape }) => {
    const random = createRandom(1, name);
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    const deviation = shape.length === 2 ? 1 / Math.sqrt(shape[1]!) : 0;
    for (let i = 0; i < data.length; i++) data[i] = shape.length === 2 ? deviation * random.normal() : 1;
    return { name, shape, data };
  });
  await saveModel(dir, { spec, tensors, tokenizer });
  writeFileSync(join(dir, "about.txt"), `${options.preset}, random weights, ${tokenizer.size} tokens\n`);
}

function report(runs: ReadonlyMap<string, readonly Run[]>, rounds: number): void {
  const harness = runs.get("harness");
  const rows = Array.from(runs, ([variant, all]) => {
    const seconds = median(all.map((run) => run.seconds));
    const { acc, accNorm, tokens } = all[0]!;
    const spread = Math.max(...all.map((run) => run.seconds)) / Math.min(...all.map((run) => run.seconds));
    const faster = harness ? median(harness.map((run) => run.seconds)) / seconds : null;
    return { variant, seconds, spread, faster, acc, accNorm, tokens };
  });
  const where = { ...setting(Number(options.threads), rounds), preset: options.preset, limit: options.limit };
  if (options.json) console.log(JSON.stringify({ ...where, rows }));
  else {
    console.log(Object.values(where).join(", "));
    console.table(rows);
  }
}
