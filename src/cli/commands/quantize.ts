// handheld quantize: turns a float model directory into an int4 or int8 one.
import { rm } from "node:fs/promises";
import { formatBytes } from "../../format.ts";
import { readTextFile } from "../../io.ts";
import { type Action, defineFrame } from "../command.ts";
import { locateModel, modelHelp } from "../model-source.ts";
import { choice, integer, required, text, UsageError } from "../options.ts";
import { refuseExisting, type Shown, showCounts, showWeights } from "./shared.ts";

export const quantizeFrame = defineFrame({
  name: "quantize",
  summary: "Shrink a float model to int4 (4.5 bits a weight) or int8",
  details:
    "int4: symmetric, groups of 32, scales that minimise the squared error. int8: symmetric, a scale per output channel.\n" +
    "Norms stay f32. The input is left as it is.\n\n" +
    "--calibrate fits the int4 codes to the model's activations on a text (GPTQ): better answers from as many bytes. Take\n" +
    "text like what the model will see; a megabyte is plenty. The float model must fit into 4 GB.",
  arguments: {
    model: required("<model>", `float ${modelHelp}`),
    out: required("<out>", "directory to write; must not exist yet"),
  },
  options: {
    to: choice("--to <format>", "format of the matrices", ["int4", "int8"], "int4"),
    calibrate: text("--calibrate <file>", "text file to calibrate int4 on (default: round each weight for itself)"),
    calibrationTokens: integer("--calibration-tokens <n>", "tokens of it to use", { min: 1, max: 1e7 }, 16_384),
  },
  examples: [
    ["quantize runs/calls/float runs/calls/int4", "write the int4 model and print both sizes"],
    ["quantize models/smollm models/smollm-int4 --calibrate book.txt", "int4 codes that fit the model's activations"],
    [
      "quantize runs/calls/float runs/calls/int8 --to int8",
      "twice as large, and hardly different from the float model",
    ],
  ],
});

export const runQuantize: Action<typeof quantizeFrame> = async (line, io) => {
  const { model, out, to } = line;
  if (line.calibrate !== undefined && to !== "int4") throw new UsageError(`--calibrate is for int4, not for ${to}`);
  await refuseExisting(out);
  const { convertModel } = await import("../../model/convert.ts");
  const source = await locateModel(model, io);
  const calibration =
    line.calibrate === undefined
      ? undefined
      : { text: await readTextFile(line.calibrate), tokens: line.calibrationTokens };
  const calibrating = calibration ? showCounts("Calibrating", "steps", io) : null;
  const writing: { shown: Shown | null } = { shown: null };
  const { fromBytes, sizeBytes } = await convertModel(source, out, {
    format: to,
    calibration,
    signal: io.signal,
    onCalibration: calibrating?.update,
    onProgress: (done, total) => {
      if (writing.shown === null) calibrating?.finish();
      writing.shown ??= showWeights("Quantising", io);
      writing.shown.update(done, total);
    },
  }).catch(async (error) => {
    // The folder is ours: it was not there before.
    await rm(out, { recursive: true, force: true }).catch(() => {});
    throw error;
  });
  writing.shown?.finish(`${formatBytes(fromBytes)} → ${formatBytes(sizeBytes)} in ${to}`);
  io.result({ model: out, format: to, calibrated: calibration !== undefined, floatBytes: fromBytes, sizeBytes });
};
