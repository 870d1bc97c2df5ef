// At which share of zeros skipping pays in a ReLU gated FFN: one token through the FFNs of PhoneLM-0.5B, dense against
// the products that skip, with gates of which a given share is shut. Run after `npm run build`:
//   node bench/relu-sparsity.ts [--threads 2] [--rounds 5] [--layers 24] [--seconds 0.4] [--shares 50,80,90,95]
//        [--clock wall|cpu] [--json]
// The cpu clock counts the calling thread alone and not what preempts it: for comparing on a busy machine with one thread.
// The gate's product is computed as always, but its result is replaced by synthetic gates, for random weights give half
// zeros and no more. The weights of all layers together are larger than the caches; layers follow each other as in a
// model. Norms and attention are left out. Times are those of the fastest pass in a process, then the median of rounds;
// kernels are compiled with optimisation before they run (--no-liftoff).
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { type Backend, createBackend, type Ptr } from "../src/kernels/index.ts";
import { int4Bytes } from "../src/quant/int4.ts";
import { createRandom } from "../src/random.ts";
import { measureInTurns, median, setting } from "./fresh.ts";

const { values: options } = parseArgs({
  options: {
    threads: { type: "string", default: String(Math.min(8, availableParallelism())) },
    rounds: { type: "string", default: "5" },
    layers: { type: "string", default: "24" },
    seconds: { type: "string", default: "0.4" },
    shares: { type: "string", default: "0,50,60,70,80,90,95,99" },
    clock: { type: "string", default: "wall" },
    variant: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const [C, F] = [1024, 4864];
const shares = options.shares.split(",").map((percent) => Number(percent) / 100);
const threads = Number(options.threads);
const layers = Number(options.layers);

/** Microseconds of one layer's FFN for one token; the parts are measured alone, one after the other over all layers. */
interface Times {
  share: number;
  ffnUs: number;
  upUs: number;
  downUs: number;
  /** Share of the hidden activations whose int8 code is 0: more than the gates, for small ones are rounded away. */
  zeroCodes: number;
}

if (options.variant === undefined) report();
else console.log(JSON.stringify(await measure(options.variant === "skip")));

async function measure(skip: boolean): Promise<Times[]> {
  const backend = await createBackend({ threads });
  const ffn = createFfns(backend, skip);
  const times = shares.map((share) => {
    const gates = Array.from({ length: layers }, (_, layer) => syntheticGates(backend, share, layer));
    const perLayer = (run: (layer: number) => void) => (fastest(backend, run) * 1000) / layers;
    const ffnUs = perLayer((layer) => ffn.all(layer, gates[layer]!));
    const zeroCodes = ffn.zeroCodes();
    const upUs = perLayer((layer) => ffn.up(layer, gates[layer]!));
    const downUs = perLayer((layer) => ffn.down(layer));
    for (const ptr of gates) backend.free(ptr);
    return { share, ffnUs, upUs, downUs, zeroCodes };
  });
  await backend.close();
  return times;
}

function createFfns(backend: Backend, skip: boolean) {
  const random = createRandom(1, "weights");
  const gateUps = Array.from({ length: layers }, () => weights(backend, 2 * F, C, random));
  const downs = Array.from({ length: layers }, () => weights(backend, C, F, random));
  const upAt = int4Bytes(F, C);
  if (skip) {
    const room = backend.alloc(int4Bytes(F, C));
    for (let i = 0; i < layers; i++) {
      backend.repackInt4(room, gateUps[i]! + upAt, F, C, "rows", false);
      backend.copy(gateUps[i]! + upAt, room, int4Bytes(F, C) / 4);
      backend.repackInt4(room, downs[i]!, C, F, "columns", false);
      backend.copy(downs[i]!, room, int4Bytes(C, F) / 4);
    }
    backend.flush();
    backend.free(room);
  }
  const floats = (n: number) => backend.alloc(4 * n);
  const [x, gateUp, hidden, out] = [floats(C), floats(2 * F), floats(F), floats(C)];
  const [codes, hiddenCodes] = [
    backend.alloc(backend.activationBytes(1, C)),
    backend.alloc(backend.activationBytes(1, F)),
  ];
  const normal = createRandom(2, "x");
  backend.f32(x, C).forEach((_, i, all) => {
    all[i] = normal.normal();
  });
  const up = (layer: number, gate: Ptr) => {
    const w = gateUps[layer]! + upAt;
    if (skip) return backend.gatedRowsInt4(hidden, gate, codes, w, F, C, "relu");
    backend.matmulInt4(gateUp + 4 * F, codes, w, 1, F, C, F, false);
    backend.activate(hidden, gate, gateUp + 4 * F, 1, F, F, "relu");
  };
  const down = (layer: number) => {
    if (skip) backend.skipColumnsInt4(out, hiddenCodes, downs[layer]!, C, F, false);
    else backend.matmulInt4(out, hiddenCodes, downs[layer]!, 1, C, F, C, false);
  };
  return {
    up,
    down,
    all(layer: number, gate: Ptr) {
      backend.quantizeRows(codes, x, 1, C);
      if (skip) {
        backend.matmulInt4(gateUp, codes, gateUps[layer]!, 1, F, C, F, false);
        up(layer, gate);
      } else {
        backend.matmulInt4(gateUp, codes, gateUps[layer]!, 1, 2 * F, C, F, false);
        backend.activate(hidden, gate, gateUp + 4 * F, 1, F, F, "relu");
      }
      backend.quantizeRows(hiddenCodes, hidden, 1, F);
      down(layer);
    },
    zeroCodes() {
      const values = backend.f32(hidden, F);
      const limit = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 254;
      return values.filter((value) => Math.abs(value) <= limit).length / F;
    },
  };
}

/** Packed random codes under one scale, as in a model of random weights. */
function weights(backend: Backend, M: number, K: number, random: ReturnType<typeof createRandom>): Ptr {
  const words = int4Bytes(M, K) / 4;
  const ptr = backend.alloc(4 * words);
  const view = backend.i32(ptr, words);
  for (let i = 0; i < words; i++) view[i] = i % 36 < 4 ? 0x3ba43ba4 : random.below(2 ** 32);
  return ptr;
}

/** Normal gates, of which a share, at random places, is negative. */
function syntheticGates(backend: Backend, share: number, layer: number): Ptr {
  const random = createRandom(layer, "gates", Math.round(100 * share));
  const ptr = backend.alloc(4 * F);
  backend.f32(ptr, F).forEach((_, i, all) => {
    const size = Math.abs(random.normal()) + 1e-6;
    all[i] = random.float() < share ? -size : size;
  });
  return ptr;
}

/** Milliseconds of the fastest pass over all layers; by the cpu clock, which is coarse, of the mean pass. */
function fastest(backend: Backend, run: (layer: number) => void): number {
  const pass = () => {
    for (let layer = 0; layer < layers; layer++) run(layer);
    backend.flush();
  };
  pass();
  let best = Infinity;
  let passes = 0;
  const used = process.threadCpuUsage();
  for (
    const end = performance.now() + 1000 * Number(options.seconds);
    passes < 5 || performance.now() < end;
    passes++
  ) {
    const started = performance.now();
    pass();
    best = Math.min(best, performance.now() - started);
  }
  const { user, system } = process.threadCpuUsage(used);
  return options.clock === "cpu" ? (user + system) / 1000 / passes : best;
}

function report(): void {
  const rounds = Number(options.rounds);
  const results = measureInTurns<Times[]>(["dense", "skip"], rounds, ["--no-liftoff"]);
  const rows = shares.map((share, i) => {
    const of = (variant: string, key: keyof Times) => median(results.get(variant)!.map((times) => times[i]![key]));
    const ratios = results
      .get("dense")!
      .map((times, round) => times[i]!.ffnUs / results.get("skip")![round]![i]!.ffnUs);
    const both = (key: keyof Times) => ({ dense: of("dense", key), skip: of("skip", key) });
    return {
      share,
      zeroCodes: of("skip", "zeroCodes"),
      ffnUs: both("ffnUs"),
      upUs: both("upUs"),
      downUs: both("downUs"),
      gain: median(ratios),
      gainRange: [Math.min(...ratios), Math.max(...ratios)] as const,
    };
  });
  const wins = rows.find((_row, i) => rows.slice(i).every(({ gain }) => gain > 1))?.share ?? null;
  const about = { ...setting(threads, rounds), shape: `FFN of PhoneLM-0.5B, [${F}, ${C}] × 3, ${layers} layers` };
  if (options.json) {
    console.log(JSON.stringify({ ...about, rows, winsFrom: wins }));
    return;
  }
  console.log(`${Object.values(about).join(" · ")}\nmicroseconds per layer and token, dense → skipping\n`);
  console.log("| gates shut | codes zero | up | down | whole FFN | gain (range) |\n|--:|--:|--:|--:|--:|--:|");
  for (const { share, zeroCodes, upUs, downUs, ffnUs, gain, gainRange } of rows) {
    const pair = ({ dense, skip }: { dense: number; skip: number }) => `${dense.toFixed(0)} → ${skip.toFixed(0)}`;
    const percent = (value: number) => `${(100 * value).toFixed(0)} %`;
    const range = gainRange.map((value) => value.toFixed(2)).join("–");
    console.log(
      `| ${percent(share)} | ${percent(zeroCodes)} | ${pair(upUs)} | ${pair(downUs)} | ${pair(ffnUs)} | ${gain.toFixed(2)} × (${range}) |`,
    );
  }
  console.log(`\nskipping wins from ${wins === null ? "no measured share" : `${100 * wins} % shut gates`} on`);
}
