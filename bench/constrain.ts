// How long a step of constrained decoding takes: the mask of allowed tokens, by vocabulary size, with and without
// tokens for structure. Synthetic vocabularies (all bytes, then words of two to nine letters), the Android catalogue,
// random allowed tokens. Run: node bench/constrain.ts. Left out: the model, and applying the mask to its logits.

import { ANDROID_CATALOGUE } from "../src/functions/catalogue/index.ts";
import { Random } from "../src/functions/generator/random.ts";
import { type Constrainer, createConstrainer, getCallFormat } from "../src/functions/index.ts";

const ANSWERS = 400;
const utf8 = new TextEncoder();
const format = getCallFormat("code_short");

function words(random: Random, count: number): string[] {
  const out = new Set<string>();
  while (out.size < count) {
    const letters = Array.from({ length: random.integer(2, 9) }, () => random.pick([..."etaoinshrdlucm"]));
    out.add((random.chance(0.6) ? " " : "") + letters.join(""));
  }
  return [...out];
}

/** Decodes random answers; returns the time of every `allowed()` in microseconds. */
function timeSteps(constrainer: Constrainer, queries: readonly string[], random: Random): number[] {
  const times: number[] = [];
  for (const query of queries) {
    const constraint = constrainer.start(query);
    while (!constraint.done) {
      const start = performance.now();
      const mask = constraint.allowed();
      times.push((performance.now() - start) * 1000);
      constraint.accept(random.pick([...mask.ids()]));
    }
  }
  return times;
}

const quantile = (sorted: readonly number[], q: number): string =>
  (sorted[Math.floor(q * (sorted.length - 1))] as number).toFixed(1).padStart(7);

console.log("vocabulary  structure  build ms   steps  median µs   p90 µs   p99 µs  (first answers included)");
for (const size of [400, 4096, 49152, 151936]) {
  for (const split of [false, true]) {
    const random = new Random(1);
    const list = words(random, size - 256);
    const special = split ? format.specialTokens(ANDROID_CATALOGUE) : [];
    const bytes = Array.from({ length: 256 }, (_, i) => Uint8Array.of(i));
    const vocabulary = [...bytes, ...[...list, ...special].map((w) => utf8.encode(w)), null];
    const atomic = special.map((_, i) => size + i);
    const queries = Array.from({ length: ANSWERS }, () =>
      Array.from({ length: 10 }, () => random.pick(list).trim()).join(" "),
    );
    const start = performance.now();
    const grammar = format.grammar(ANDROID_CATALOGUE);
    const eos = vocabulary.length - 1;
    const constrainer = createConstrainer(grammar, { vocabulary, eos, atomic, maxStringTokens: 16 });
    const buildMs = performance.now() - start;
    const times = timeSteps(constrainer, queries, random).sort((a, b) => a - b);
    const row = [quantile(times, 0.5), quantile(times, 0.9), quantile(times, 0.99)].join("  ");
    const left = `${String(size).padStart(10)}  ${(split ? "tokens" : "text").padStart(9)}`;
    console.log(`${left}  ${buildMs.toFixed(0).padStart(8)}  ${String(times.length).padStart(6)}    ${row}`);
  }
}
