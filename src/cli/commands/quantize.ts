// handheld quantize: turns a float model directory into an int4 or int8 one.
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
  const { quantizeModel } = await import("../../model/save.ts");
  await refuseExisting(out);
  const progress = io.progress("Quantising");
  const { floatBytes, quantizedBytes } = await quantizeModel(model, out, { format: to });
  progress.finish(`${formatBytes(floatBytes)} → ${formatBytes(quantizedBytes)} in ${to}`);
  io.result({ model: out, format: to, floatBytes, sizeBytes: quantizedBytes });
};
