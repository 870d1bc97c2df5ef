// Public names of handheld/tensor.
export * from "./cross-entropy.ts";
export * from "./linear.ts";
export * from "./ops.ts";
export * from "./parameters.ts";
export * from "./tape.ts";
