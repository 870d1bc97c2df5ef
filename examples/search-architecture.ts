// Looks for the architecture that answers soonest on this machine: a space, a measurement, a choice; each can be yours.
// The models have random weights: speed does not depend on what they know. Takes a few seconds.
//
//   node examples/search-architecture.ts
import { createBackend } from "handheld/kernels";
import { Decoder } from "handheld/model";
import { createSpace, createTimedMeasure, fastestWithinTolerance, search } from "handheld/search";

const backend = await createBackend();
const workload = { promptTokens: 32, answerTokens: 16 };
const space = createSpace({
  parameters: { min: 0.8e6, max: 1.2e6 },
  vocabulary: 1024,
  context: 256,
  layers: [2, 4, 8],
  width: [96, 128, 192, 256],
  ffnRatio: [2, 3],
  headSize: 32,
});
const measure = createTimedMeasure({
  workload,
  repeats: 3,
  repeatSeconds: 0.02,
  createDecoder: async (spec) => Decoder.random(backend, spec),
});

for await (const event of search({ space, measure, choice: fastestWithinTolerance(workload) })) {
  if (event.type === "started") console.log(`${event.size} architectures: ${space.description}`);
  if (event.type === "measured") {
    const { spec, parameters, measured } = event.row;
    const shape = `${spec.layers} layers × ${spec.width}, FFN ${spec.ffnWidth}`;
    console.log(`  ${shape}: ${parameters} parameters, ${Math.round(measured.decodeTokensPerSecond)} tok/s`);
  }
  if (event.type === "finished") {
    const { chosen, rule } = event.result;
    console.log(`${rule}\nchosen: ${chosen.spec.layers} layers × ${chosen.spec.width}, FFN ${chosen.spec.ffnWidth}`);
  }
}
await backend.close();
