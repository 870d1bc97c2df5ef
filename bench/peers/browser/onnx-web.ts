// onnxruntime-web in a page: its WebAssembly provider with threads.
import type { InferenceSessionFactory, TensorConstructor } from "onnxruntime-common";
import type { OpenEngine } from "../engines/engine.ts";
import { OnnxDecoder } from "../engines/onnx-session.ts";

interface OnnxWeb {
  env: { wasm: { numThreads: number; wasmPaths: string } };
  InferenceSession: InferenceSessionFactory;
  Tensor: TensorConstructor;
}

export const open: OpenEngine = async ({ spec, model, threads }) => {
  const folder = `${location.origin}/modules/onnxruntime-web/dist/`;
  const { env, InferenceSession, Tensor }: OnnxWeb = await import(`${folder}ort.wasm.min.mjs`);
  env.wasm.numThreads = threads;
  env.wasm.wasmPaths = folder;
  const session = await InferenceSession.create(model, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
    externalData: [{ path: `${model.split("/").at(-1)}.data`, data: `${model}.data` }],
  });
  const decoder = new OnnxDecoder(session, Tensor, spec);
  return {
    about: `WebAssembly, ${env.wasm.numThreads} threads`,
    run: (tokens, decode) => decoder.run(tokens, decode),
    close: () => session.release(),
  };
};
