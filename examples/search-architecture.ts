// Looks for the architecture that decodes fastest on this machine, of those that should learn well: calibrates the kernels,
// predicts every shape of a space, then builds the best ones with random weights and measures them. About 20 seconds.
//
//   node examples/search-architecture.ts
import { createBackend } from "handheld/kernels";
import {
  calibrateDevice,
  createObjective,
  createPredictor,
  createSpace,
  search,
  verifyCandidates,
} from "handheld/search";

const backend = await createBackend();
// A busy machine would be refused; for an example its rough speeds will do.
const profile = await calibrateDevice(backend, { seconds: 10, acceptUnsteady: true });
const predictor = createPredictor(profile);
const space = createSpace({
  vocabulary: 1024,
  context: 256,
  layers: { from: 2, to: 8 },
  width: { from: 96, to: 256, step: 32 },
  ffnRatio: { min: 2, max: 4 },
  headSize: 32,
  parameters: { min: 0.8e6, max: 1.2e6 },
});
const objective = createObjective("decode", 64);
const { evaluated, admissible, rule, top } = await search({ space, predictor, objective, top: 3 });
console.log(`${evaluated} architectures, ${admissible} good enough. ${rule}`);

const verified = await verifyCandidates(
  backend,
  top.map(({ spec }) => spec),
  { ...objective.at, predictor },
);
for (const { spec, decode } of verified) {
  const shape = `${spec.layers} layers × ${spec.width}, FFN ${spec.ffnWidth}`;
  const predicted = Math.round(decode.predicted!.value);
  console.log(`  ${shape}: predicted ${predicted} tok/s, measured ${Math.round(decode.tokensPerSecond)}`);
}
await backend.close();
