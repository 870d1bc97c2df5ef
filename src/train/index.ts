// Public names of handheld/train.
export { createTrainable, type TrainableModel, type TrainableOptions } from "../model/trainable.ts";
export * from "./checkpoint.ts";
export * from "./loop.ts";
export * from "./recipe.ts";
export * from "./types.ts";
