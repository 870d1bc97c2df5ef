// Streams text from a model that is made on the spot: random weights, a vocabulary of a few words. It says nothing of
// sense, but through the same calls as a trained one; for that, `await loadModel(backend, "its directory")`.
//
//   node examples/generate-text.ts
import { generate } from "handheld/generate";
import { createBackend } from "handheld/kernels";
import { Decoder } from "handheld/model";
import { createSpec } from "handheld/spec";
import { trainTokenizer } from "handheld/tokenizer";

const tokenizer = trainTokenizer(["the cat sat on the mat", "the dog sat on the log"], { vocabularySize: 280 });
const spec = createSpec({ layers: 4, width: 128, ffnWidth: 256, heads: 4, vocabulary: tokenizer.size, context: 256 });
const backend = await createBackend();
const model = { spec, tokenizer, decoder: Decoder.random(backend, spec, 1), eosIds: new Set([tokenizer.eosId!]) };

for await (const event of generate(model, "the cat", { maxTokens: 48, temperature: 0.8, topK: 40, seed: 7 })) {
  if (event.type === "text") process.stdout.write(event.text);
  else console.log(`\n${event.tokens} tokens in ${event.decodeMs.toFixed(1)} ms, ended by ${event.reason}`);
}
await backend.close();
