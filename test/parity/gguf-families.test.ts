// GGUF files of other architectures than Llama's, by llama.cpp's own converter (gguf_families.py): the logits of transformers.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ggufSpec, ggufTensors, openGguf } from "../../src/gguf/index.ts";
import type { Backend } from "../../src/kernels/backend.ts";
import { createBackend } from "../../src/kernels/index.ts";
import { Decoder } from "../../src/model/decoder.ts";
import { openStoredModel } from "../../src/model/stored-access.ts";
import { worst } from "../../src/model/tiny.case.ts";
import { createWeights, fillFrom, fillWeights } from "../../src/model/weights.ts";

const folder = new URL("./fixtures/gguf/families/", import.meta.url);
const fixtures = JSON.parse(readFileSync(new URL("logits.json", folder), "utf8")) as Record<
  string,
  { prompt: number[]; logits: string }
>;

describe("GGUF files of llama.cpp's converter", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await createBackend({ threads: 1 });
  });
  afterAll(() => backend.close());

  it.each(Object.keys(fixtures))("%s: the logits of transformers within 2e-4 of the largest", async (name) => {
    const file = await openGguf(fileURLToPath(new URL(`${name}.gguf`, folder)));
    const spec = ggufSpec(file, name);
    const tensors = [];
    for (const { name, shape, read } of ggufTensors(file, spec)) tensors.push({ name, shape, data: await read() });
    await file.close();
    const weights = createWeights(backend, spec, "f32");
    fillWeights(backend, weights, fillFrom(tensors));
    const decoder = new Decoder(backend, spec, weights);
    const session = decoder.createSession({ kv: "f32" });
    const { prompt, logits: text } = fixtures[name]!;
    const logits = new Float32Array(new Uint8Array(Buffer.from(text, "base64")).buffer);
    const V = spec.vocabulary;
    let worst = 0;
    session.score(prompt, (i, row) => {
      row.forEach((logit, v) => {
        worst = Math.max(worst, Math.abs(logit - logits[i * V + v]!));
      });
    });
    session.close();
    decoder.close();
    expect(worst).toBeLessThan(2e-4 * logits.reduce((most, logit) => Math.max(most, Math.abs(logit)), 0));
  });

  it("minicpm: the tensors of the directory that it was made from, within an f16's rounding", async () => {
    const file = await openGguf(fileURLToPath(new URL("minicpm.gguf", folder)));
    const directory = await openStoredModel(fileURLToPath(new URL("../../families/minicpm", folder)));
    const spec = ggufSpec(file, "minicpm");
    expect(spec).toEqual(directory.spec);
    for (const [i, { name, read }] of ggufTensors(file, spec).entries()) {
      const wanted = await directory.tensors[i]!.read();
      const most = wanted.reduce((so, value) => Math.max(so, Math.abs(value)), 0);
      expect(worst(await read(), wanted), name).toBeLessThan(most / 1024);
    }
    await Promise.all([file.close(), directory.close()]);
  });
});
