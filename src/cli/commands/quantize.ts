// handheld quantize: turns a float model directory into an int4 one.
import { formatBytes } from "../../format.ts";
import { type Action, defineFrame } from "../command.ts";
import { locateModel, modelHelp } from "../model-source.ts";
import { required } from "../options.ts";
import { refuseExisting } from "./shared.ts";

export const quantizeFrame = defineFrame({
  name: "quantize",
  summary: "Shrink a float model to int4 (4.5 bits a weight)",
  details:
    "Symmetric, groups of 32, scales that minimise the squared error; norms stay f32. The input is left as it is.",
  arguments: {
    model: required("<model>", `float ${modelHelp}`),
    out: required("<out>", "directory to write; must not exist yet"),
  },
  options: {},
  examples: [["quantize runs/calls/float runs/calls/int4", "write the int4 model and print both sizes"]],
});

export const runQuantize: Action<typeof quantizeFrame> = async ({ model, out }, io) => {
  const { quantizeModel } = await import("../../model/save.ts");
  await refuseExisting(out);
  const source = await locateModel(model, io);
  const progress = io.progress("Quantising");
  const { floatBytes, int4Bytes } = await quantizeModel(source, out);
  progress.finish(`${formatBytes(floatBytes)} → ${formatBytes(int4Bytes)}`);
  io.result({ model: out, floatBytes, sizeBytes: int4Bytes });
};
