// handheld convert between directories and GGUF files.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { tinyTokenizer } from "../../generate/tiny-model.case.ts";
import { openModel } from "../../gguf/index.ts";
import { saveModel } from "../../model/save.ts";
import { randomTensors, tinySpec } from "../../model/tiny.case.ts";
import { runHere } from "../run-here.case.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-convert-"));
const float = join(folder, "float");
beforeAll(async () => {
  const tokenizer = tinyTokenizer();
  const spec = tinySpec({ vocabulary: tokenizer.size });
  await saveModel(float, { spec, tensors: randomTensors(spec), tokenizer });
});
afterAll(() => rmSync(folder, { recursive: true }));

const convert = (...args: string[]) => runHere("convert", ...args, "--json");

it("directory → GGUF → GGUF → directory: the same model", async () => {
  const [first, second, back] = [join(folder, "a.gguf"), join(folder, "b.gguf"), join(folder, "back")];
  const { result } = await convert(float, first, "--to", "gguf-f32");
  expect(result).toMatchObject({ format: "gguf-f32", sizeBytes: readFileSync(first).length });
  expect((await convert(first, second, "--to", "gguf-f32")).code).toBe(0);
  expect((await convert(second, back, "--to", "f32")).code).toBe(0);
  const [from, to] = [await openModel(float), await openModel(back)];
  expect(to.spec).toEqual(from.spec);
  for (const [i, { read }] of to.tensors.entries()) expect(await read()).toEqual(await from.tensors[i]!.read());
  await Promise.all([from.close(), to.close()]);
});

it.each<[string[], string]>([
  [[float, join(folder, "x"), "--to", "gguf-f16"], "--to gguf-f16 writes a file; give it a name that ends in .gguf"],
  [[float, join(folder, "x.gguf")], "--to int4 writes a directory, not a .gguf file"],
  [[float, float, "--to", "f32"], "exists already"],
  [[join(folder, "none"), join(folder, "x.gguf"), "--to", "gguf-f16"], "no such file or folder"],
])("refuses %j and writes nothing", async (args, message) => {
  const before = readdirSync(folder);
  const { code, err } = await convert(...args);
  expect([code, err]).toEqual([1, expect.stringContaining(message)]);
  expect(readdirSync(folder)).toEqual(before);
});
