// handheld convert: another program's model file as a model directory.
import { rm } from "node:fs/promises";
import { formatCount } from "../../format.ts";
import { countParameters } from "../../spec/arithmetic.ts";
import { type Action, defineFrame } from "../command.ts";
import { locateModel } from "../model-source.ts";
import { choice, required } from "../options.ts";
import { refuseExisting } from "./shared.ts";

export const convertFrame = defineFrame({
  name: "convert",
  summary: "Turn a GGUF file into a model directory",
  details:
    "Reads architecture, tokenizer and chat template from the file's metadata and weights in F32, F16, BF16, Q4_0, Q4_1,\n" +
    "Q5_0, Q5_1, Q8_0, Q4_K, Q5_K or Q6_K, for models of the Llama family. One tensor is in memory at a time.",
  arguments: {
    model: required("<model>", "GGUF file, or hub:org/name/file.gguf"),
    out: required("<out>", "directory to write; must not exist yet"),
  },
  options: {
    to: choice("--to <format>", "format of the matrices", ["int4", "f32"], "int4"),
  },
  examples: [
    ["convert smollm-135m-q8_0.gguf models/smollm", "an int4 model, ready for run, eval and bench"],
    ["convert tinyllama.gguf models/tinyllama --to f32", "float weights, to train further or to open in transformers"],
  ],
});

export const runConvert: Action<typeof convertFrame> = async ({ model, out, to }, io) => {
  const { convertGguf } = await import("../../gguf/convert.ts");
  await refuseExisting(out);
  const source = await locateModel(model, io);
  const progress = io.progress("Converting", { unit: "tensors" });
  const spec = await convertGguf(source, out, to, {
    signal: io.signal,
    onProgress: (done, total) => progress.update(done, "", total),
  }).catch(async (error) => {
    // The folder is ours: it was not there before.
    await rm(out, { recursive: true, force: true });
    throw error;
  });
  const parameters = countParameters(spec).total;
  progress.finish(`${formatCount(parameters)} parameters in ${to}`);
  io.result({ model: out, format: to, parameters, spec });
};
