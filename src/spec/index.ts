// Public names of handheld/spec: the architecture as data, what it costs, and where it comes from.
export * from "./arithmetic.ts";
export * from "./hf-config.ts";
export * from "./load.ts";
export * from "./presets.ts";
export * from "./spec.ts";
