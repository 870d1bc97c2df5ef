// Measures whole training steps (forward, backward, gradient norm, AdamW) on random tokens: GFLOP/s, tokens/s, memory.
//
//   node bench/train-step.ts [--threads 2] [--steps 10] [--batch 4096] [--sequence 64] [--answer 0.4] [--width 192] …
import { parseArgs } from "node:util";
import { createBackend } from "../src/kernels/index.ts";
import { createTrainable } from "../src/model/trainable.ts";
import { createRandom } from "../src/random.ts";
import { countParameters, createSpec } from "../src/spec/index.ts";
import { createRecipe, type TrainExample, train } from "../src/train/index.ts";

const defaults = {
  threads: 2,
  steps: 12,
  batch: 4096,
  sequence: 64,
  /** Share of each sequence's tokens that have a loss. */
  answer: 0.4,
  width: 192,
  ffn: 512,
  layers: 5,
  heads: 6,
  kv: 6,
  vocabulary: 1024,
  dropout: 0.1,
};
type Setting = keyof typeof defaults;
const names = Object.keys(defaults) as Setting[];
const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: "string" as const }])) });
const set = Object.fromEntries(names.map((name) => [name, Number(values[name] ?? defaults[name])])) as typeof defaults;

const spec = createSpec({
  layers: set.layers,
  width: set.width,
  ffnWidth: set.ffn,
  heads: set.heads,
  kvHeads: set.kv,
  vocabulary: set.vocabulary,
  context: 512,
});
const random = createRandom(1);
const example = (): TrainExample => {
  const ids = Int32Array.from({ length: set.sequence + 1 }, () => random.below(spec.vocabulary));
  return { ids, weights: Float32Array.from(ids, (_, t) => (t >= set.sequence * (1 - set.answer) ? 1 : 0)) };
};
const count = Math.floor(set.batch / set.sequence) * set.steps;
const task = { name: "random tokens", examples: () => Array.from({ length: count }, example) };
const recipe = createRecipe({
  length: { epochs: 1 },
  batchTokens: set.batch,
  validations: 0,
  dropout: set.dropout,
  ema: 0.999,
});

const backend = await createBackend({ threads: set.threads });
const model = createTrainable(backend, spec);
const speeds: number[] = [];
let last = 0;
for await (const event of train(model, task, recipe)) {
  if (event.type !== "step") continue;
  const time = performance.now();
  // The first two steps compile and reserve memory.
  if (event.step > 2) speeds.push(time - last);
  last = time;
}
const batchFlops = (() => {
  const segments = Math.floor(set.batch / set.sequence);
  const N = segments * set.sequence;
  const rows = Int32Array.from({ length: Math.round(N * set.answer) }, (_, i) => i);
  const cu = Int32Array.from({ length: segments + 1 }, (_, s) => s * set.sequence);
  return model.flops({
    ids: new Int32Array(N),
    positions: new Int32Array(N),
    cu,
    rows,
    targets: rows,
    weights: new Float32Array(),
  });
})();
const gflops = speeds.map((ms) => batchFlops / ms / 1e6).sort((a, b) => a - b);
const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);
console.log(
  JSON.stringify({
    backend: backend.name,
    ...set,
    parameters: countParameters(spec).total,
    gflopsMedian: +gflops[gflops.length >> 1]!.toFixed(1),
    gflopsMin: +gflops[0]!.toFixed(1),
    gflopsMax: +gflops.at(-1)!.toFixed(1),
    tokensPerSecond: Math.round((set.batch / speeds.sort((a, b) => a - b)[speeds.length >> 1]!) * 1000),
    backendMB: megabytes(backend.allocatedBytes),
    peakRssMB: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);
await backend.close();
