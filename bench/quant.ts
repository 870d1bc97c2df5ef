// Speed of packing and unpacking int4, one core. npx node bench/quant.ts [rows columns]
// One warm-up, then the median of 7 with the spread.
import { execSync } from "node:child_process";
import { cpus } from "node:os";
import { packInt4, unpackInt4 } from "../src/quant/index.ts";

const [rows = 4096, columns = 4096] = process.argv.slice(2).map(Number);
const weights = Float32Array.from({ length: rows * columns }, gaussian);
const packed = packInt4(weights, rows, columns);
const commit = execSync("git rev-parse --short HEAD", { encoding: "utf8" }).trim();
console.log(`${cpus()[0]?.model}, Node ${process.version}, commit ${commit}, 1 thread, ${rows} × ${columns} Gaussian`);
report("pack", () => packInt4(weights, rows, columns));
report("unpack", () => unpackInt4(packed, rows, columns));

function report(what: string, work: () => unknown): void {
  work();
  const speeds = Array.from({ length: 7 }, () => {
    const start = performance.now();
    work();
    return weights.length / 1000 / (performance.now() - start);
  }).sort((a, b) => a - b);
  const [lowest, , , median, , , highest] = speeds.map((speed) => speed.toFixed(1));
  console.log(`${what.padEnd(7)} ${median} million weights/s (${lowest}–${highest})`);
}

function gaussian(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
