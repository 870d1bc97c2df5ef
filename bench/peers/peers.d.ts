// The parts of the peers' interfaces that are used here, so that types check without the peers being installed.

declare module "node-llama-cpp" {
  export interface LlamaSequence {
    evaluate(tokens: number[], options: { temperature: number; yieldEogToken: boolean }): AsyncGenerator<number, void>;
    clearHistory(): Promise<void>;
    controlledEvaluate(
      input: (number | [token: number, options: { generateNext: { probabilities: true } }])[],
    ): Promise<({ next: { probabilities: Map<number, number> } } | undefined)[]>;
  }
  export interface LlamaContext {
    readonly currentThreads: number;
    getSequence(): LlamaSequence;
    dispose(): Promise<void>;
  }
  export interface LlamaModel {
    readonly size: number;
    tokenize(text: string, specialTokens: boolean): number[];
    createContext(options: {
      contextSize: number;
      threads: { ideal: number; min: number };
      flashAttention: boolean;
      experimentalKvCacheKeyType?: "F32";
      experimentalKvCacheValueType?: "F32";
    }): Promise<LlamaContext>;
    dispose(): Promise<void>;
  }
  export interface Llama {
    readonly llamaCppRelease: { release: string };
    loadModel(options: { modelPath: string; gpuLayers: number }): Promise<LlamaModel>;
    dispose(): Promise<void>;
  }
  export function getLlama(options: {
    gpu: false;
    build: "never";
    maxThreads: number;
    logLevel: "error" | "warn" | "debug" | "info";
  }): Promise<Llama>;
}

declare module "onnxruntime-common" {
  export interface Tensor {
    readonly data: Float32Array | BigInt64Array;
    readonly dims: readonly number[];
  }
  export type TensorConstructor = new (
    type: "float32" | "int64",
    data: Float32Array | BigInt64Array,
    dims: readonly number[],
  ) => Tensor;
  export interface SessionOptions {
    executionProviders?: readonly string[];
    intraOpNumThreads?: number;
    interOpNumThreads?: number;
    graphOptimizationLevel?: "disabled" | "basic" | "extended" | "all";
    enableProfiling?: boolean;
    profileFilePrefix?: string;
    externalData?: readonly { path: string; data: string }[];
  }
  export interface InferenceSession {
    run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
    endProfiling(): void;
    release(): Promise<void>;
  }
  export interface InferenceSessionFactory {
    create(path: string, options: SessionOptions): Promise<InferenceSession>;
  }
}

declare module "onnxruntime-node" {
  import type { InferenceSessionFactory, TensorConstructor } from "onnxruntime-common";
  export const InferenceSession: InferenceSessionFactory;
  export const Tensor: TensorConstructor;
}
