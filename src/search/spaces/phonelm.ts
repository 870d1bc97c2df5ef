// PhoneLM section 3.1: 15 to 25 layers, 16 heads with as many or four key/value heads, ReLU, an FFN of 2 to 5 widths. Its
// published shapes have widths in steps of 256 and FFNs in steps of 32; the widths here are finer.
import type { SpaceInput } from "../space.ts";

export const phonelm: SpaceInput = {
  name: "phonelm",
  note: "PhoneLM section 3.1",
  vocabulary: 49_152,
  layers: { from: 15, to: 25 },
  width: { from: 512, to: 4096, step: 64 },
  ffnRatio: { min: 2, max: 5 },
  heads: 16,
  kvHeads: [16, 4],
  activation: "relu",
  ropeTable: "int8",
};
