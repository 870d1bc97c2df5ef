// Both papers' axes together and beyond: what a search is let loose on when nobody knows better.
import type { SpaceInput } from "../space.ts";

export const wide: SpaceInput = {
  name: "wide",
  note: "both papers' axes and beyond",
  vocabulary: 49_152,
  layers: { from: 2, to: 64 },
  width: { from: 128, to: 6144, step: 64 },
  ffnRatio: { min: 1, max: 8 },
  ffnStep: 64,
  headSize: [64, 128],
  groupSize: [1, 2, 4, 8],
  activation: ["relu", "silu"],
  tiedEmbeddings: [true, false],
  layerRepeat: [1, 2],
};
