// llama.cpp through node-llama-cpp's prebuilt binaries, on the CPU. Attention is fused ("flash") or not, as asked.
import { somePrompt } from "../measure.ts";
import { llamaBytes } from "../weights/llama-file.ts";
import type { OpenEngine } from "./engine.ts";

/** The engine with or without flash attention. */
export function openLlamaCpp(flashAttention: boolean): OpenEngine {
  return async ({ spec, model: modelPath, threads }) => {
    const { getLlama } = await import("node-llama-cpp");
    const llama = await getLlama({ gpu: false, build: "never", maxThreads: threads, logLevel: "error" });
    const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
    if (model.size !== llamaBytes(spec)) {
      throw new Error(`llama.cpp found ${model.size} bytes of weights instead of ${llamaBytes(spec)}`);
    }
    const context = await model.createContext({
      contextSize: spec.context,
      threads: { ideal: threads, min: threads },
      flashAttention,
    });
    const sequence = context.getSequence();
    let used = 0;
    return {
      get about() {
        return `llama.cpp ${llama.llamaCppRelease.release}, ${used} threads`;
      },
      async run(tokens, decode) {
        await sequence.clearHistory();
        const started = performance.now();
        const prompt = Array.from(somePrompt(tokens, spec.vocabulary));
        const generated = sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true });
        await generated.next();
        const prefilled = performance.now();
        for (let i = 0; i < decode; i++) await generated.next();
        const decodeMs = performance.now() - prefilled;
        used = context.currentThreads;
        await generated.return();
        return { prefillMs: prefilled - started, decodeMs };
      },
      async close() {
        await context.dispose();
        await model.dispose();
        await llama.dispose();
      },
    };
  };
}
