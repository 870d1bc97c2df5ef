// Data for the built-in catalogue.

export {
  type DatasetDescription,
  describeDataset,
  kindOf,
  type SampleKind,
  type SplitDescription,
} from "./describe.ts";
export { type GenerateOptions, generateDataset, redrawTraining } from "./generate.ts";
