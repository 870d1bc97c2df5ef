// What the int8 KV cache costs: perplexity of the same model on the same text with f32 and with int8 caches, for f32 and
// for int4 weights. The model is trained here, on WikiText-2's validation text, and measured on its test text:
//
//   node bench/kv-perplexity.ts [--minutes 2] [--tokens 40000] [--window 512] [--width 128] [--layers 4] [--heads 4]
//     [--kv 2] [--data ../shared/data/wikitext-2] [--threads 2] [--json]
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createBackend, type KvFormat } from "../src/kernels/index.ts";
import { createTrainable, Decoder, type NamedTensor, type WeightFormat } from "../src/model/index.ts";
import { packInt4 } from "../src/quant/index.ts";
import { createSpec, type Spec } from "../src/spec/index.ts";
import { trainTokenizer } from "../src/tokenizer/index.ts";
import { createRecipe, type TrainExample, train } from "../src/train/index.ts";

const { values: options } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    tokens: { type: "string", default: "40000" },
    window: { type: "string", default: "512" },
    width: { type: "string", default: "128" },
    layers: { type: "string", default: "4" },
    heads: { type: "string", default: "4" },
    kv: { type: "string", default: "2" },
    data: { type: "string", default: "../shared/data/wikitext-2" },
    threads: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const window = Number(options.window);
const [trainText, testText] = ["valid", "test"].map((split) => {
  const path = `${options.data}/${split}.txt`;
  if (!existsSync(path)) {
    console.error(`${path} is missing: give the folder of WikiText-2's valid.txt and test.txt with --data`);
    process.exit(1);
  }
  return readFileSync(path, "utf8");
});
const say = (text: string) => options.json || console.log(text);

const tokenizer = trainTokenizer(trainText!.split("\n"), { vocabularySize: 2048 });
const width = Number(options.width);
const spec = createSpec({
  layers: Number(options.layers),
  width,
  ffnWidth: 3 * width,
  heads: Number(options.heads),
  kvHeads: Number(options.kv),
  vocabulary: tokenizer.size,
  context: window,
});
const backend = await createBackend({ threads: options.threads === undefined ? undefined : Number(options.threads) });
const tensors = await learn();
const ids = tokenizer.encode(testText!).slice(0, Number(options.tokens));

const rows = [];
for (const format of ["f32", "int4"] as const) {
  const decoder = decoderOf(format);
  const [exact, rounded] = (["f32", "int8"] as const).map((kv) => perplexity(decoder, kv));
  decoder.close();
  const worsePercent = 100 * (rounded! / exact! - 1);
  rows.push({ weights: format, kvF32: exact!, kvInt8: rounded!, worsePercent });
  const sign = worsePercent < 0 ? "" : "+";
  say(
    `${format.padEnd(5)} weights: perplexity ${exact!.toFixed(3)} with f32 KV, ${rounded!.toFixed(3)} with int8 KV: ${sign}${worsePercent.toFixed(3)} %`,
  );
}
if (options.json) console.log(JSON.stringify({ spec, tokens: ids.length, window, rows }));
await backend.close();

/** Trains the model on the training text; windows end to end, a loss on every token. */
async function learn(): Promise<NamedTensor[]> {
  const all = Int32Array.from(tokenizer.encode(trainText!));
  const length = Math.min(window, 256);
  const examples: TrainExample[] = [];
  for (let at = 0; at + length < all.length; at += length) {
    const part = all.slice(at, at + length + 1);
    examples.push({ ids: part, weights: new Float32Array(part.length).fill(1) });
  }
  const model = createTrainable(backend, spec);
  const recipe = createRecipe({ length: { minutes: Number(options.minutes) }, batchTokens: 4096, validations: 0 });
  let note = "";
  for await (const event of train(model, { name: "WikiText-2", examples: () => examples }, recipe)) {
    if (event.type === "step") note = `${event.step} steps, training loss ${event.loss.toFixed(3)}`;
  }
  const learned = model.tensors();
  model.close();
  say(`trained for ${note}; ${all.length} tokens of training text, vocabulary ${spec.vocabulary}`);
  return learned;
}

function decoderOf(format: WeightFormat): Decoder {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return Decoder.create(backend, spec as Spec, format, (name, target, shape) => {
    const { data } = byName.get(name)!;
    const packed = format === "int4" && shape.length === 2;
    target.set(
      packed ? packInt4(data, shape[0]!, shape[1]!) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
  });
}

/** e^(mean cross-entropy) of the test text in windows; the first token of each is given. */
function perplexity(decoder: Decoder, kv: KvFormat): number {
  const session = decoder.createSession({ kv });
  let loss = 0;
  let count = 0;
  for (let at = 0; at < ids.length; at += window) {
    const part = ids.slice(at, at + window);
    session.truncate(0);
    session.score(part, (i, logits) => {
      const target = part[i + 1];
      if (target === undefined) return;
      const most = logits.reduce((a, b) => Math.max(a, b));
      const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
      loss += most + Math.log(sum) - logits[target]!;
      count++;
    });
  }
  session.close();
  return Math.exp(loss / count);
}
