// bench on a model directory: loads its weights, and measures beyond the context it was trained for.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createReferenceBackend } from "../../kernels/index.ts";
import { convertModel } from "../../model/convert.ts";
import { tensorShapes } from "../../model/layout.ts";
import { saveModel } from "../../model/save.ts";
import { createSpec } from "../../spec/spec.ts";
import { trainTokenizer } from "../../tokenizer/bpe-trainer.ts";
import { openForBench } from "./bench-model.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-bench-"));
const [float, int4, specFile] = [join(folder, "float"), join(folder, "int4"), join(folder, "spec.json")];

beforeAll(async () => {
  const tokenizer = trainTokenizer(["wake me up at eight"], { vocabularySize: 270 });
  const spec = createSpec({ layers: 1, width: 32, ffnWidth: 32, heads: 1, vocabulary: tokenizer.size, context: 64 });
  const tensors = tensorShapes(spec).map(({ name, shape }) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return { name, shape, data: Float32Array.from({ length: count }, (_, i) => Math.sin(i) / 8) };
  });
  await saveModel(float, { spec, tensors, tokenizer });
  await convertModel(float, int4);
  writeFileSync(specFile, JSON.stringify(spec));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("openForBench", () => {
  it.each([
    ["float", float, "f32 weights"],
    ["int4", int4, "int4 weights"],
    ["a spec", specFile, "random int4 weights"],
  ])("%s", async (_, source, weights) => {
    const backend = createReferenceBackend();
    const opened = await openForBench(backend, source, 100, 1, undefined);
    expect(opened).toMatchObject({ model: source, weights });
    expect(opened.decoder.spec.context).toBeGreaterThanOrEqual(100);
    const session = opened.decoder.createSession({ capacity: 100 });
    session.append(Array.from({ length: 100 }, (_, i) => i));
    session.close();
    opened.decoder.close();
    expect(backend.allocatedBytes).toBe(0);
  });
});
