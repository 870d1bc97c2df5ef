// A decoder of Handheld with random int4 weights. The same in Node and in a page; the caller says where the package lies.
import type { createBackend as CreateBackend } from "../../../src/kernels/index.ts";
import type { Decoder as DecoderClass } from "../../../src/model/decoder.ts";
import { somePrompt } from "../measure.ts";
import type { EngineTask, OpenedEngine } from "./engine.ts";

/** Loads the compiled package at the URL `dist` and makes the decoder. */
export async function openDecoder(dist: string, { spec, threads }: EngineTask): Promise<OpenedEngine> {
  const kernels: { createBackend: typeof CreateBackend } = await import(`${dist}kernels/index.js`);
  const model: { Decoder: typeof DecoderClass } = await import(`${dist}model/decoder.js`);
  const backend = await kernels.createBackend({ threads });
  const decoder = model.Decoder.random(backend, spec, 1);
  const session = decoder.createSession();
  const greedy = decoder.createSampler();
  return {
    about: `${backend.name}, ${backend.threads} threads`,
    async run(tokens, decode) {
      const prompt = somePrompt(tokens, spec.vocabulary);
      session.truncate(0);
      const started = performance.now();
      session.append(prompt);
      let next = session.sample(greedy);
      const prefilled = performance.now();
      for (let i = 0; i < decode; i++) {
        session.append([next]);
        next = session.sample(greedy);
      }
      return { prefillMs: prefilled - started, decodeMs: performance.now() - prefilled };
    },
    async close() {
      greedy.close();
      session.close();
      decoder.close();
      await backend.close();
    },
  };
}
