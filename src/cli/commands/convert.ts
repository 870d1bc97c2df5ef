// handheld convert: another program's model file as a model directory, and a model as another program's file.
import { rm, stat } from "node:fs/promises";
import { HandheldError } from "../../errors.ts";
import { formatBytes, formatCount } from "../../format.ts";
import type { ConvertOptions } from "../../model/convert.ts";
import type { DirectoryFormat } from "../../model/directory.ts";
import type { PackedType } from "../../quant/ggml-pack.ts";
import { countParameters } from "../../spec/arithmetic.ts";
import type { Spec } from "../../spec/spec.ts";
import { type Action, defineFrame } from "../command.ts";
import { locateModel } from "../model-source.ts";
import { choice, required } from "../options.ts";
import { refuseExisting, showCounts, showWeights } from "./shared.ts";

/** Types of matrices in the GGUF files that are written, by the word for `--to`. */
const ggufTypes = {
  "gguf-f32": "F32",
  "gguf-f16": "F16",
  "gguf-q8_0": "Q8_0",
  "gguf-q4_0": "Q4_0",
} as const satisfies Record<string, PackedType>;
const directoryFormats = ["int4", "int8", "f16", "f32"] as const satisfies DirectoryFormat[];

export const convertFrame = defineFrame({
  name: "convert",
  summary: "Turn a model directory or a GGUF file into another format",
  details:
    "Reads the directories of the Hugging Face hub (float safetensors of any family that this program knows, in one file or\n" +
    "several) and GGUF files of seventeen architectures (F32, F16, BF16, Q4_0 to Q8_0, Q2_K to Q6_K, IQ4_NL, IQ4_XS). Writes a\n" +
    "directory, or with --to gguf-… a file for llama.cpp. Tokenizer and chat template go along. Little of the model is in\n" +
    "memory at a time.",
  arguments: {
    model: required("<model>", "GGUF file or directory of a float model, also as hub:org/name[/file.gguf]"),
    out: required("<out>", "directory, or .gguf file, to write; must not exist yet"),
  },
  options: {
    to: choice("--to <format>", "format of the matrices", [...directoryFormats, ...keys(ggufTypes)], "int4"),
  },
  examples: [
    ["convert models/Qwen2.5-1.5B models/qwen-int4", "an int4 model, ready for run, eval and bench"],
    ["convert smollm-135m-q8_0.gguf models/smollm --to int8", "the same from a GGUF file, in 8 bits"],
    ["convert tinyllama.gguf models/tinyllama --to f32", "float weights, to train further or to open in transformers"],
    ["convert models/tinyllama tinyllama.gguf --to gguf-q8_0", "a file for llama.cpp"],
  ],
});

export const runConvert: Action<typeof convertFrame> = async ({ model, out, to }, io) => {
  await refuseExisting(out);
  const toFile = isGguf(to);
  if (toFile !== out.endsWith(".gguf")) {
    const rule = toFile ? "writes a file; give it a name that ends in .gguf" : "writes a directory, not a .gguf file";
    throw new HandheldError("invalid-option", `--to ${to} ${rule}, or choose another --to`);
  }
  const source = await locateModel(model, io);
  const progress = isGguf(to) ? showCounts("Converting", "tensors", io) : showWeights("Converting", io);
  const options = { signal: io.signal, onProgress: progress.update };
  const spec = isGguf(to)
    ? await writeFile(source, out, ggufTypes[to], options)
    : await writeDirectory(source, out, { ...options, format: to });
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

async function writeDirectory(model: string, out: string, options: ConvertOptions): Promise<Spec> {
  const { convertGguf } = await import("../../gguf/convert.ts");
  const { convertModel } = await import("../../model/convert.ts");
  const found = await stat(model).catch(() => null);
  const converted = found?.isDirectory()
    ? convertModel(model, out, options).then(({ spec }) => spec)
    : convertGguf(model, out, options);
  return converted.catch(async (error) => {
    // The folder is ours: it was not there before.
    await rm(out, { recursive: true, force: true }).catch(() => {});
    throw error;
  });
}

function isGguf(to: string): to is keyof typeof ggufTypes {
  return Object.hasOwn(ggufTypes, to);
}

function keys<T extends object>(record: T): (keyof T & string)[] {
  return Object.keys(record) as (keyof T & string)[];
}
