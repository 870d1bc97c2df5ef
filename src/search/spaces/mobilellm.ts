// What MobileLLM explores (sections 2.2 and 2.3): depth from 4 layers to 66, heads of 64 with groups of 1 to 5, SwiGLU, tied
// embeddings, and each block run once or twice.
import type { SpaceInput } from "../space.ts";

export const mobilellm: SpaceInput = {
  name: "mobilellm",
  note: "MobileLLM sections 2.2 and 2.3, Table 9",
  vocabulary: 32_000,
  layers: { from: 4, to: 66 },
  width: { from: 256, to: 4096, step: 64 },
  ffnRatio: { min: 2, max: 4 },
  ffnStep: 64,
  headSize: 64,
  groupSize: [1, 2, 3, 4, 5],
  activation: "silu",
  layerRepeat: [1, 2],
  normEps: 1e-5,
};
