// The latency model of a device: calibrate once, then predict the speed and memory of any architecture.
export * from "./calibrate.ts";
export type { CheckModel } from "./check-models.ts";
export * from "./latency-profile.ts";
export * from "./power.ts";
export * from "./predictor.ts";
export * from "./until-steady.ts";
export * from "./verify.ts";
export type { TimedTurn } from "./whole-model.ts";
