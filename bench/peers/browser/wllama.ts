// wllama in a page: llama.cpp compiled to WebAssembly. It completes texts, so a prompt is a text of one-token letters, and
// its speeds are those that it reports itself, which leave out the way between its worker and the page.
import type { OpenEngine } from "../engines/engine.ts";

/** Timings of llama.cpp's server. */
interface Timings {
  prompt_n: number;
  prompt_ms: number;
  predicted_n: number;
  predicted_ms: number;
}

interface Wllama {
  loadModel(files: readonly Blob[], options: Record<string, unknown>): Promise<void>;
  createCompletion(options: Record<string, unknown>): Promise<{ timings?: Timings }>;
  getNumThreads(): number;
  getModelMetadata(): { hparams: { nVocab: number; nEmbd: number; nLayer: number } };
  exit(): Promise<void>;
}

const letters = "abcdefghijklmnopqrstuvwxyz";

export const open: OpenEngine = async ({ spec, model, threads }) => {
  const folder = `${location.origin}/modules/@wllama/wllama/esm/`;
  const module: { Wllama: new (paths: object, options: object) => Wllama } = await import(`${folder}index.js`);
  const wllama = new module.Wllama({ default: `${folder}wasm/wllama.wasm` }, { suppressNativeLog: true });
  const file = await (await fetch(model)).blob();
  await wllama.loadModel([file], { n_threads: threads, n_ctx: spec.context, n_gpu_layers: 0, n_parallel: 1 });
  const { nVocab, nEmbd, nLayer } = wllama.getModelMetadata().hparams;
  if (nVocab !== spec.vocabulary || nEmbd !== spec.width || nLayer !== spec.layers) {
    throw new Error(`wllama found ${nLayer} layers of ${nEmbd} with a vocabulary of ${nVocab}`);
  }
  let runs = 0;
  return {
    about: `WebAssembly, ${wllama.getNumThreads()} threads`,
    async run(tokens, decode) {
      // Prompts that begin alike would be served from the cache of the last.
      const first = runs++;
      const prompt = Array.from({ length: tokens }, (_, i) => letters[(first + i * 7) % letters.length]).join("");
      const answer = await wllama.createCompletion({
        prompt,
        max_tokens: decode + 1,
        temperature: 0,
        ignore_eos: true,
      });
      const { prompt_n, prompt_ms, predicted_n, predicted_ms } = answer.timings!;
      if (prompt_n !== tokens || predicted_n !== decode + 1) {
        throw new Error(`wllama took ${prompt_n} of ${tokens} tokens and made ${predicted_n} of ${decode + 1}`);
      }
      return { prefillMs: prompt_ms, decodeMs: predicted_ms };
    },
    close: () => wllama.exit(),
  };
};
