// Time to choose a token from logits in the kernels' memory, and in plain JavaScript, by vocabulary, by the form of the
// distribution and by the limits: `node bench/sampling.ts [--threads 1] [--json]`. Medians over many draws; `peaked` are
// logits as trained models have them (a few tokens hold the mass), `flat` those of a random model: the worst case.
import { parseArgs } from "node:util";
import { createSampler } from "../src/generate/index.ts";
import { type Backend, createBackend } from "../src/kernels/index.ts";
import { KernelSampler, type SamplingOptions } from "../src/kernels/sampling.ts";
import { createRandom } from "../src/random.ts";

const { values: options } = parseArgs({
  options: { threads: { type: "string" }, json: { type: "boolean", default: false } },
});

const limits: Record<string, SamplingOptions> = {
  greedy: {},
  temperature: { temperature: 1 },
  "top-k 40": { temperature: 0.8, topK: 40 },
  "top-p 0.9": { temperature: 1, topP: 0.9 },
  "min-p 0.05": { temperature: 1, minP: 0.05 },
  "top-k, top-p, penalty": { temperature: 0.8, topK: 40, topP: 0.9, repetitionPenalty: 1.1 },
};

function logitsOf(vocabulary: number, form: "peaked" | "flat"): Float32Array {
  const random = createRandom(1, form);
  const spread = form === "flat" ? 1 : 2;
  const logits = Float32Array.from({ length: vocabulary }, () => spread * random.normal());
  if (form === "peaked") for (let i = 0; i < 30; i++) logits[random.below(vocabulary)] = 18 - 0.4 * i;
  return logits;
}

function median(draws: number, draw: () => void): number {
  for (let i = 0; i < draws / 4; i++) draw();
  const times = Array.from({ length: draws }, () => {
    const start = performance.now();
    draw();
    return (performance.now() - start) * 1000;
  });
  return times.sort((a, b) => a - b)[draws >> 1]!;
}

/** Microseconds of one draw, the copy of fresh logits included (it is what the head's product would write). */
function measure(backend: Backend, logits: Float32Array, how: SamplingOptions) {
  const V = logits.length;
  const history = Array.from({ length: 500 }, (_, i) => (i * 7919) % V);
  const [source, x, out, work, ids] = [4 * V, 4 * V, 4, backend.sampleBytes(V), 4 * history.length].map((bytes) =>
    backend.alloc(bytes),
  );
  backend.f32(source!, V).set(logits);
  backend.i32(ids!, history.length).set(history);
  const sampler = new KernelSampler(backend, how);
  const copyUs = median(200, () => {
    backend.copy(x!, source!, V);
    backend.flush();
  });
  const bothUs = median(200, () => {
    backend.copy(x!, source!, V);
    sampler.draw({ logits: x!, vocabulary: V, out: out!, work: work! }, ids!, history.length);
    backend.flush();
  });
  const inScript = createSampler(how);
  const scriptUs = median(12, () => inScript.sample(logits.slice(), history));
  sampler.close();
  for (const ptr of [source, x, out, work, ids]) backend.free(ptr!);
  return { kernelUs: bothUs - copyUs, scriptUs };
}

const backend = await createBackend({ threads: options.threads === undefined ? undefined : Number(options.threads) });
const rows = [];
if (!options.json)
  console.log(
    `${backend.name}, ${backend.threads} threads\nvocabulary  logits  limits                   kernel µs  JavaScript µs`,
  );
for (const vocabulary of [4096, 49_152, 151_936]) {
  for (const form of ["peaked", "flat"] as const) {
    const logits = logitsOf(vocabulary, form);
    for (const [name, how] of Object.entries(limits)) {
      const row = { vocabulary, logits: form, limits: name, ...measure(backend, logits, how) };
      rows.push(row);
      if (options.json) continue;
      const numbers = `${row.kernelUs.toFixed(1).padStart(9)}${row.scriptUs.toFixed(0).padStart(15)}`;
      console.log(`${String(vocabulary).padStart(10)}  ${form.padEnd(7)} ${name.padEnd(24)} ${numbers}`);
    }
  }
}
if (options.json) console.log(JSON.stringify({ backend: backend.name, threads: backend.threads, rows }));
await backend.close();
