// Runs an exported decoder with ONNX Runtime's JavaScript interface as its users do: the keys and values that come out of
// one step are handed in at the next. The same for onnxruntime-node and onnxruntime-web, which share the interface.
import type { InferenceSession, Tensor, TensorConstructor } from "onnxruntime-common";
import type { Spec } from "../../../src/spec/spec.ts";
import { likeliest, type RunTimes, somePrompt } from "../measure.ts";
import { cacheName } from "../weights/cache-name.ts";

/** One sequence over a session. */
export class OnnxDecoder {
  /** Calls of the session so far, in the order that its profile has them: which run each belongs to. */
  readonly calls: { times: RunTimes; part: keyof RunTimes }[] = [];
  private readonly session: InferenceSession;
  private readonly tensor: TensorConstructor;
  private readonly spec: Spec;
  private cache: Record<string, Tensor> = {};
  private length = 0;

  constructor(session: InferenceSession, tensor: TensorConstructor, spec: Spec) {
    this.session = session;
    this.tensor = tensor;
    this.spec = spec;
  }

  /** As LoadedModel.run. */
  async run(tokens: number, decode: number): Promise<RunTimes> {
    const times: RunTimes = { prefillMs: 0, decodeMs: 0 };
    this.reset();
    const started = performance.now();
    let next = await this.step(somePrompt(tokens, this.spec.vocabulary), times, "prefillMs");
    const prefilled = performance.now();
    for (let i = 0; i < decode; i++) next = await this.step([next], times, "decodeMs");
    times.prefillMs = prefilled - started;
    times.decodeMs = performance.now() - prefilled;
    return times;
  }

  private reset(): void {
    const { layers, kvHeads, headSize } = this.spec;
    this.length = 0;
    for (let layer = 0; layer < layers; layer++) {
      for (const part of ["key", "value"] as const) {
        const empty = new this.tensor("float32", new Float32Array(0), [1, kvHeads, 0, headSize]);
        this.cache[cacheName("past_key_values", layer, part)] = empty;
      }
    }
  }

  // Appends tokens and returns the likeliest next one.
  private async step(ids: ArrayLike<number>, times: RunTimes, part: keyof RunTimes): Promise<number> {
    this.calls.push({ times, part });
    this.length += ids.length;
    const feeds = {
      ...this.cache,
      input_ids: this.integers(BigInt64Array.from({ length: ids.length }, (_, i) => BigInt(ids[i]!))),
      attention_mask: this.integers(new BigInt64Array(this.length).fill(1n)),
    };
    const results = await this.session.run(feeds);
    this.check(results);
    for (let layer = 0; layer < this.spec.layers; layer++) {
      for (const kind of ["key", "value"] as const) {
        this.cache[cacheName("past_key_values", layer, kind)] = results[cacheName("present", layer, kind)]!;
      }
    }
    return likeliest(results.logits!.data as Float32Array);
  }

  // The model must really be the shape: all logits, and keys of every head and token.
  private check(results: Record<string, Tensor>): void {
    const { vocabulary, layers, kvHeads, headSize } = this.spec;
    const keys = results[cacheName("present", layers - 1, "key")]!.dims.join();
    if (results.logits!.dims.join() !== `1,${vocabulary}` || keys !== `1,${kvHeads},${this.length},${headSize}`) {
      throw new Error(`ONNX Runtime answered logits [${results.logits!.dims}] and keys [${keys}]`);
    }
  }

  private integers(values: BigInt64Array): Tensor {
    return new this.tensor("int64", values, [1, values.length]);
  }
}
