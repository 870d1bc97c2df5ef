// Logits of the decoder against transformers: the loss of the batch in each fixture of gradients.py, from its weights.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createBackend } from "../../src/kernels/index.ts";
import { fromHfConfig } from "../../src/model/families/index.ts";
import { Decoder, parseSafetensors, readFloats } from "../../src/model/index.ts";

const tolerance = 1e-5;
const fixtures = ["relu-tied", "relu-untied", "silu-tied", "silu-untied-smoothed"];

interface About {
  config: unknown;
  sequences: [ids: number[], weights: number[]][];
  loss: number;
  smoothing: number;
}

/** Cross-entropy of predicting `target`, nats; with label smoothing, a share is that of a uniform target. */
function crossEntropy(logits: Float32Array, target: number, smoothing: number): number {
  const max = Math.max(...logits);
  const logSum = max + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - max), 0));
  const mean = logits.reduce((sum, logit) => sum + logit, 0) / logits.length;
  return logSum - (1 - smoothing) * logits[target]! - smoothing * mean;
}

test.each(fixtures)(
  `the loss from the decoder's logits is transformers' within a factor of 1 ± ${tolerance}: %s`,
  async (name) => {
    const file = readFileSync(new URL(`./fixtures/gradients/${name}.safetensors`, import.meta.url));
    const { metadata, tensors } = parseSafetensors(new Uint8Array(file), name);
    const { config, sequences, loss, smoothing } = JSON.parse(metadata.about!) as About;
    const backend = await createBackend();
    const decoder = Decoder.create(backend, fromHfConfig(config), "f32", (tensor, target) => {
      const floats = readFloats(tensors.get(`weight/${tensor}`)!, tensor);
      new Float32Array(target.buffer, target.byteOffset, floats.length).set(floats);
    });
    let total = 0;
    for (const [ids, weights] of sequences) {
      const session = decoder.createSession({ kv: "f32" });
      session.score(ids.slice(0, -1), (i, logits) => {
        total += weights[i + 1]! * crossEntropy(logits, ids[i + 1]!, smoothing);
      });
      session.close();
    }
    expect(Math.abs(total / loss - 1)).toBeLessThan(tolerance);
    decoder.close();
    await backend.close();
  },
);
