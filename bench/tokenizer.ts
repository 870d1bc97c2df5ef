// Speed of training, encoding and decoding, on one core. npx node bench/tokenizer.ts [text file …]
// Without files: ../shared/data/wikitext-2 (valid and test) repeated to 10 MB. One warm-up, then the median of 5 with the spread.
import { execSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { trainTokenizer } from "../src/tokenizer/index.ts";

const given = process.argv.slice(2);
const shared = new URL("../../shared/data/wikitext-2/", import.meta.url).pathname;
const files = given.length > 0 ? given : [`${shared}valid.txt`, `${shared}test.txt`];
const text = files.map((file) => readFileSync(file, "utf8")).join("\n");
const wanted = given.length > 0 ? text.length : 10_000_000;
const corpus = text
  .repeat(Math.ceil(wanted / text.length))
  .slice(0, wanted)
  .split(/(?<=\n)/);
const sizeMB = megabytes(corpus);

const commit = execSync("git rev-parse --short HEAD", { encoding: "utf8" }).trim();
console.log(
  `${cpus()[0]?.model}, Node ${process.version}, commit ${commit}, 1 thread, ${sizeMB.toFixed(1)} MB of text`,
);
console.log("vocabulary  what    MB/s (median of 5, lowest to highest)");

for (const vocabularySize of [4096, 16384]) {
  const train = () => trainTokenizer(corpus, { vocabularySize });
  report(vocabularySize, "train", sizeMB, train);
  const tokenizer = train();
  const part = corpus.slice(0, 8000);
  report(vocabularySize, "encode", megabytes(part), () => part.map((line) => tokenizer.encode(line)));
  const ids = part.map((line) => tokenizer.encode(line));
  report(vocabularySize, "decode", megabytes(part), () => ids.map((row) => tokenizer.decode(row)));
}

function report(vocabularySize: number, what: string, mb: number, work: () => unknown): void {
  work();
  const speeds = Array.from({ length: 5 }, () => {
    const start = performance.now();
    work();
    return (1000 * mb) / (performance.now() - start);
  }).sort((a, b) => a - b);
  const [lowest, , median, , highest] = speeds.map((speed) => speed.toFixed(1));
  console.log(`${String(vocabularySize).padEnd(11)} ${what.padEnd(7)} ${median} (${lowest}–${highest})`);
}

function megabytes(lines: string[]): number {
  return lines.reduce((total, line) => total + Buffer.byteLength(line), 0) / 1e6;
}
