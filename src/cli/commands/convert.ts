// handheld convert: another program's model file as a model directory, and a model as another program's file.
import { rm, stat } from "node:fs/promises";
import { HandheldError } from "../../errors.ts";
import { formatBytes, formatCount } from "../../format.ts";
import type { PackedType } from "../../quant/ggml-pack.ts";
import { countParameters } from "../../spec/arithmetic.ts";
import type { Spec } from "../../spec/spec.ts";
import { type Action, defineFrame } from "../command.ts";
import { choice, required } from "../options.ts";
import { refuseExisting } from "./shared.ts";

/** Types of matrices in the GGUF files that are written, by the word for `--to`. */
const ggufTypes = {
  "gguf-f32": "F32",
  "gguf-f16": "F16",
  "gguf-q8_0": "Q8_0",
  "gguf-q4_0": "Q4_0",
} as const satisfies Record<string, PackedType>;
const directoryFormats = ["int4", "f32"] as const;

export const convertFrame = defineFrame({
  name: "convert",
  summary: "Turn a GGUF file into a model directory, or a model into a GGUF file",
  details:
    "A GGUF file of the Llama family (F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K or Q6_K) becomes an int4 or\n" +
    "float directory; a float directory or a GGUF file becomes a GGUF file for llama.cpp. Tokenizer and chat template go along.",
  arguments: {
    model: required("<model>", "GGUF file, or directory of a float model"),
    out: required("<out>", "directory, or .gguf file, to write; must not exist yet"),
  },
  options: {
    to: choice("--to <format>", "format of the matrices", [...directoryFormats, ...keys(ggufTypes)], "int4"),
  },
  examples: [
    ["convert smollm-135m-q8_0.gguf models/smollm", "an int4 model, ready for run, eval and bench"],
    ["convert tinyllama.gguf models/tinyllama --to f32", "float weights, to train further or to open in transformers"],
    ["convert models/tinyllama tinyllama.gguf --to gguf-q8_0", "a file for llama.cpp"],
  ],
});

export const runConvert: Action<typeof convertFrame> = async ({ model, out, to }, io) => {
  await refuseExisting(out);
  const toFile = to !== "int4" && to !== "f32";
  if (toFile !== out.endsWith(".gguf")) {
    const rule = toFile ? "writes a file; give it a name that ends in .gguf" : "writes a directory, not a .gguf file";
    throw new HandheldError("invalid-option", `--to ${to} ${rule}, or choose another --to`);
  }
  const progress = io.progress("Converting", { unit: "tensors" });
  const options = {
    signal: io.signal,
    onProgress: (done: number, total: number) => progress.update(done, "", total),
  };
  const spec = toFile
    ? await writeFile(model, out, ggufTypes[to], options)
    : await writeDirectory(model, out, to, options);
  const parameters = countParameters(spec).total;
  const sizeBytes = toFile ? (await stat(out)).size : undefined;
  const size = sizeBytes === undefined ? "" : `, ${formatBytes(sizeBytes)}`;
  progress.finish(`${formatCount(parameters)} parameters in ${to}${size}`);
  io.result({ model: out, format: to, parameters, ...(sizeBytes === undefined ? {} : { sizeBytes }), spec });
};

type Progress = { signal: AbortSignal; onProgress(done: number, total: number): void };

async function writeFile(model: string, out: string, type: PackedType, options: Progress): Promise<Spec> {
  const { exportGguf, openModel } = await import("../../gguf/index.ts");
  const source = await openModel(model);
  try {
    await exportGguf(out, source, type, options);
    return source.spec;
  } finally {
    await source.close();
  }
}

async function writeDirectory(model: string, out: string, to: "int4" | "f32", options: Progress): Promise<Spec> {
  const { convertGguf } = await import("../../gguf/convert.ts");
  if (
    await stat(model).then(
      (found) => found.isDirectory(),
      () => false,
    )
  ) {
    throw new HandheldError("invalid-option", `${model} is a directory already; "handheld quantize" makes it int4`);
  }
  return convertGguf(model, out, to, options).catch(async (error) => {
    // The folder is ours: it was not there before.
    await rm(out, { recursive: true, force: true });
    throw error;
  });
}

function keys<T extends object>(record: T): (keyof T & string)[] {
  return Object.keys(record) as (keyof T & string)[];
}
