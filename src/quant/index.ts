// Public names of handheld/quant: weights to 4 and 8 bits and back.
export * from "./bf16.ts";
export * from "./f16.ts";
export { type GgmlType, ggmlBytes, ggmlFormats, unpackGgml } from "./ggml.ts";
export { type PackedType, packedTypes, packGgml } from "./ggml-pack.ts";
export { int4Bytes, int4Layout, packInt4, unpackInt4, unpackRow } from "./int4.ts";
export { chooseScale } from "./int4-scale.ts";
export * from "./int8.ts";
