// Step 1 of the tokenizer fixtures: our trainer's files for the corpus, which tokenizer.py then reads.
// npx node test/parity/tokenizer.ts && python test/parity/tokenizer.py
import { readFileSync, writeFileSync } from "node:fs";
import { type TrainTokenizerOptions, trainTokenizer } from "../../src/tokenizer/index.ts";

const folder = new URL("fixtures/tokenizer/", import.meta.url);

/** The lines that both trainers learn from. */
export const corpus = readFileSync(new URL("corpus.txt", folder), "utf8").trimEnd().split("\n");

/** The two ways of training that the fixtures cover. */
export const variants: Record<"plain" | "spaced", TrainTokenizerOptions> = {
  plain: { vocabularySize: 512, specialTokens: ["<|endoftext|>", "<|pad|>"] },
  spaced: {
    vocabularySize: 480,
    specialTokens: ["<|endoftext|>"],
    literalTokens: ["set_alarm(", "hour=", "(", " and ", "\n"],
    addPrefixSpace: true,
  },
};

if (import.meta.main) {
  for (const [name, options] of Object.entries(variants)) {
    const { json } = trainTokenizer(corpus, options);
    writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(json)}\n`);
  }
}
