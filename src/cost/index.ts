// Public names of handheld/cost: what running a model costs on a device. See docs/cost.md.
export * from "./measure.ts";
export { type CostForm, type CostOptions, costForms, defaultOutputs, defaultPrompts } from "./options.ts";
export * from "./result.ts";
export { type SustainOptions, sustain } from "./sustained.ts";
