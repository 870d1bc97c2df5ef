// Speed of packing: in TypeScript on one thread, and by the kernels on the given ones.
//   npx node bench/quant.ts [rows columns] [--threads 2]
// One warm-up, then the median of 7 with the spread. Gaussian weights; 16-bit floats are read as they come.
import { execSync } from "node:child_process";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { createBackend } from "../src/kernels/index.ts";
import { int4Bytes, packInt4, packInt8, unpackInt4 } from "../src/quant/index.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: "string", default: "2" } },
});
const [rows = 4096, columns = 4096] = positionals.map(Number);
const count = rows * columns;
const weights = Float32Array.from({ length: count }, gaussian);
const packed = packInt4(weights, rows, columns);
const commit = execSync("git rev-parse --short HEAD", { encoding: "utf8" }).trim();
console.log(`${cpus()[0]?.model}, Node ${process.version}, commit ${commit}, ${rows} × ${columns} Gaussian`);

console.log("TypeScript, 1 thread");
report("int4", () => packInt4(weights, rows, columns));
report("int4, unpack", () => unpackInt4(packed, rows, columns));
report("int8", () => packInt8(weights, rows, columns));

const backend = await createBackend({ threads: Number(options.threads) });
console.log(`kernels (${backend.name}), ${backend.threads} threads`);
const [from, to] = [backend.alloc(4 * count), backend.alloc(4 * count)];
backend.f32(from, count).set(weights);
const onBackend = (run: () => void) => () => {
  run();
  backend.flush();
};
report(
  "int4",
  onBackend(() => backend.packInt4(to, from, rows, columns, 0)),
);
const fast = squaredError(unpackInt4(backend.u8(to, int4Bytes(rows, columns)).slice(), rows, columns));
const exact = squaredError(unpackInt4(packed, rows, columns));
console.log(`  (its squared error is ${(100 * (fast / exact - 1)).toFixed(3)} % above TypeScript's)`);
report(
  "int8",
  onBackend(() => backend.packInt8(to, from, rows, columns, 0)),
);
report(
  "f16 to f32",
  onBackend(() => backend.widen(to, from, count, "f16")),
);
report(
  "bf16 to f32",
  onBackend(() => backend.widen(to, from, count, "bf16")),
);
await backend.close();

function report(what: string, work: () => unknown): void {
  work();
  const speeds = Array.from({ length: 7 }, () => {
    const start = performance.now();
    work();
    return count / 1000 / (performance.now() - start);
  }).sort((a, b) => a - b);
  const [lowest, , , median, , , highest] = speeds.map((speed) => speed.toFixed(1));
  console.log(`  ${what.padEnd(13)} ${median} million weights/s (${lowest}–${highest})`);
}

function squaredError(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += (values[i]! - weights[i]!) ** 2;
  return sum;
}

function gaussian(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
