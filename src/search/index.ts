// Public names of handheld/search: the spaces, the latency model, the quality model, the search that joins them, and timing.

export * from "./finding.ts";
export * from "./joules.ts";
export * from "./landmarks.ts";
export * from "./latency/index.ts";
export * from "./objective.ts";
export { paretoFront } from "./pareto.ts";
export * from "./proxy/proxies.ts";
export * from "./quality/model.ts";
export { type Observation, publishedObservations } from "./quality/observations.ts";
export * from "./references.ts";
export * from "./search.ts";
export * from "./shipped-profiles.ts";
export {
  type Budget,
  countShapes,
  createSpace,
  describeSpace,
  type Space,
  type SpaceInput,
} from "./space.ts";
export { loadSpace, spaceNames } from "./spaces/index.ts";
export type { SpeedBySize, SpeedRange } from "./speed-by-size.ts";
export { spearman, spearmanInterval } from "./statistics.ts";
export * from "./timing.ts";
