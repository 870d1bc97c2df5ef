// Public names of handheld/model: models to run and to train, and their directories on disk.
export { type CalibrateOptions, calibrateInt4 } from "./calibrate.ts";
export { type Calibration, type ConvertedModel, type ConvertOptions, convertModel } from "./convert.ts";
export { Decoder, type SessionOptions } from "./decoder.ts";
export { type Initialization, type InitialVectors, initializations, type NamedTensor } from "./initialize.ts";
export { type TensorShape, tensorShapes } from "./layout.ts";
export { type LoadedModel, loadDecoder, loadModel, readFloatTensors } from "./load.ts";
export { PrefixCache, type PrefixCacheOptions } from "./prefix-cache.ts";
export { parseSafetensors, readFloats, type StoredTensor } from "./safetensors.ts";
export { type ModelToSave, saveModel } from "./save.ts";
export { type SampleOptions, Session } from "./session.ts";
export { restoreSession, saveSession } from "./session-file.ts";
export { createTrainable, type TokenBatch, type TrainableModel, type TrainableOptions } from "./trainable.ts";
export type { FillTensor, WeightFormat } from "./weights.ts";
export { type LabelledText, wordVectors } from "./word-vectors.ts";
