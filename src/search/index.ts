// Public names of handheld/search: the space, the measurement, the choice, and the search that joins them.
export * from "./choose.ts";
export * from "./latency/index.ts";
export * from "./measure.ts";
export * from "./quality.ts";
export * from "./search.ts";
export * from "./space.ts";
export * from "./timing.ts";
