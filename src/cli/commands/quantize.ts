// handheld quantize: turns a float model directory into an int4 or int8 one.
import { rm } from "node:fs/promises";
import { formatBytes } from "../../format.ts";
import { type Action, defineFrame } from "../command.ts";
import { choice, required } from "../options.ts";
import { refuseExisting } from "./shared.ts";

export const quantizeFrame = defineFrame({
  name: "quantize",
  summary: "Shrink a float model to int4 (4.5 bits a weight) or int8",
  details:
    "int4: symmetric, groups of 32, scales that minimise the squared error. int8: symmetric, a scale per output channel.\n" +
    "Norms stay f32. The input is left as it is.",
  arguments: {
    model: required("<model>", "directory of the float model"),
    out: required("<out>", "directory to write; must not exist yet"),
  },
  options: {
    to: choice("--to <format>", "format of the matrices", ["int4", "int8"], "int4"),
  },
  examples: [
    ["quantize runs/calls/float runs/calls/int4", "write the int4 model and print both sizes"],
    [
      "quantize runs/calls/float runs/calls/int8 --to int8",
      "twice as large, and hardly different from the float model",
    ],
  ],
});

export const runQuantize: Action<typeof quantizeFrame> = async ({ model, out, to }, io) => {
  const { convertModel } = await import("../../model/convert.ts");
  await refuseExisting(out);
  const progress = io.progress("Quantising", { unit: "tensors" });
  const { fromBytes, sizeBytes } = await convertModel(model, out, {
    format: to,
    signal: io.signal,
    onProgress: (done, total) => progress.update(done, "", total),
  }).catch(async (error) => {
    // The folder is ours: it was not there before.
    await rm(out, { recursive: true, force: true });
    throw error;
  });
  progress.finish(`${formatBytes(fromBytes)} → ${formatBytes(sizeBytes)} in ${to}`);
  io.result({ model: out, format: to, floatBytes: fromBytes, sizeBytes });
};
