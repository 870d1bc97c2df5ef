// Public names of handheld/spec: the architecture as data, what it costs, and the published ones.
export * from "./arithmetic.ts";
export * from "./presets.ts";
export * from "./spec.ts";
