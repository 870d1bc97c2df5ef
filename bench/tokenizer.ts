// Speed of training, encoding and decoding, on one core. npx node bench/tokenizer.ts [text file …]
// Without files: ../shared/data/wikitext-2 (valid and test) repeated to 10 MB. One warm-up, then the median of 5 with the spread.
// Then the kinds of tokenizers among the parity fixtures, and PhoneLM's where ../shared has it: text that is new (one pass by a
// fresh tokenizer), text whose words are remembered, and one word of 1 MB. HANDHELD_BENCH=kinds leaves training out.
import { execSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { createTokenizer, loadTokenizer, type Tokenizer, trainTokenizer } from "../src/tokenizer/index.ts";

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
if (process.env.HANDHELD_BENCH !== "kinds") console.log("vocabulary  what    MB/s (median of 5, lowest to highest)");
for (const vocabularySize of process.env.HANDHELD_BENCH === "kinds" ? [] : [4096, 16384]) {
  const train = () => trainTokenizer(corpus, { vocabularySize });
  report(vocabularySize, "train", sizeMB, train);
  const tokenizer = train();
  const part = corpus.slice(0, 8000);
  report(vocabularySize, "encode", megabytes(part), () => part.map((line) => tokenizer.encode(line)));
  const ids = part.map((line) => tokenizer.encode(line));
  report(vocabularySize, "decode", megabytes(part), () => ids.map((row) => tokenizer.decode(row)));
}

const fixtures = new URL("../test/parity/fixtures/tokenizers/", import.meta.url);
const phonelm = new URL("../../shared/data/tokenizers/phonelm/", import.meta.url).pathname;
const read = (name: string) => gunzipSync(readFileSync(new URL(name, fixtures)));
const kinds = ["gpt2", "llama3", "qwen2", "smollm", "bloom", "nemotron", "deepseek", "llama2", "gemma", "t5"];
const openers: [string, () => Promise<Tokenizer>][] = [
  ...(existsSync(phonelm) ? [["phonelm", () => loadTokenizer(phonelm)] as [string, () => Promise<Tokenizer>]] : []),
  ...kinds.map((name): [string, () => Promise<Tokenizer>] => [
    name,
    async () => createTokenizer(JSON.parse(read(`${name}.json.gz`).toString("utf8"))),
  ]),
  ...["llama2-pieces", "unigram-pieces"].map((name): [string, () => Promise<Tokenizer>] => [
    name,
    () => openModel(name),
  ]),
];
const part = corpus.slice(0, 12_000);
const partMB = megabytes(part);
const whole = part.join("");
const longWord = Array.from({ length: 1_000_000 }, (_, i) => "etaoinshrdlu"[(i * i + (i >> 3)) % 12]).join("");
console.log(
  `\nkind            first pass   lines        whole        encodePlain  1 MB word   (MB/s; ${partMB.toFixed(1)} MB)`,
);
for (const [name, open] of openers) {
  const tokenizer = await open();
  const first = speed(partMB, () => part.map((line) => tokenizer.encode(line)));
  const rest = [
    () => part.map((line) => tokenizer.encode(line)),
    () => tokenizer.encode(whole),
    () => part.map((line) => tokenizer.encodePlain(line)),
  ].map((work) => median(Array.from({ length: 5 }, () => speed(partMB, work))));
  const word = speed(1, () => tokenizer.encode(longWord));
  console.log([name.padEnd(15), ...[first, ...rest, word].map((mb) => mb.toFixed(1).padEnd(12))].join(" "));
}

async function openModel(name: string): Promise<Tokenizer> {
  const folder = mkdtempSync(join(tmpdir(), "handheld-bench-"));
  writeFileSync(join(folder, "tokenizer.model"), read(`${name}.model.gz`));
  const tokenizer = await loadTokenizer(folder);
  rmSync(folder, { recursive: true });
  return tokenizer;
}

// By the processor's time, not the clock's: other programs run too.
function speed(mb: number, work: () => unknown): number {
  const start = process.cpuUsage();
  work();
  return (1e6 * mb) / Math.max(1, process.cpuUsage(start).user);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
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
