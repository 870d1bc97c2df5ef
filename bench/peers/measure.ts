// What is measured, the same for every engine: a prompt goes into an empty cache and tokens are decoded greedily behind
// it. Runs in Node and in a page; knows nothing of engines, processes or files.

/** A model that an engine has loaded. */
export interface LoadedModel {
  /**
   * Empties the cache, puts a prompt of `tokens` tokens in and decodes `decode` tokens behind it, one by one, each the
   * likeliest after the last. The first token that follows the prompt belongs to the prompt's time.
   */
  run(tokens: number, decode: number): Promise<RunTimes>;
  close(): Promise<void>;
}

/** Milliseconds of one run. An engine that learns its times at the end fills them in when it is closed. */
export interface RunTimes {
  prefillMs: number;
  /** Of all decoded tokens together. */
  decodeMs: number;
}

/** Speeds at one length of prompt, in tokens per second. */
export interface PromptSpeeds {
  /** Tokens of the prompt, which are the context that decoding starts behind. */
  tokens: number;
  prefill: number;
  /** Null where nothing was decoded behind this prompt. */
  decode: number | null;
  /** Tokens decoded per repeat. */
  decoded: number;
  repeats: number;
}

/** How much is measured in one process. */
export interface MeasureOptions {
  /** Lengths of prompts to time. */
  prefill: readonly number[];
  /** Contexts to decode behind, in tokens. */
  decode: readonly number[];
  /** Most repeats of each. */
  repeats: number;
  /** Seconds after which no further repeat of a prompt length is started. */
  budgetSeconds: number;
}

/** Decoding lasts about this long, with 4 to 32 tokens. */
const decodeMs = 2000;

/** Measures each length of prompt, after short runs that warm up, and closes the model: medians over the repeats. */
export async function measureModel(model: LoadedModel, options: MeasureOptions): Promise<PromptSpeeds[]> {
  const most = await chooseDecoded(model);
  const measured: { tokens: number; decoded: number; runs: RunTimes[] }[] = [];
  for (const tokens of promptLengths(options)) {
    const decoded = options.decode.includes(tokens) ? most : 0;
    const runs: RunTimes[] = [];
    const end = performance.now() + options.budgetSeconds * 1000;
    do runs.push(await model.run(tokens, decoded));
    while (runs.length < options.repeats && performance.now() < end);
    measured.push({ tokens, decoded, runs });
  }
  await model.close();
  return measured.map(({ tokens, decoded, runs }) => ({
    tokens,
    prefill: (tokens * 1000) / median(runs.map(({ prefillMs }) => prefillMs)),
    decode: decoded === 0 ? null : (decoded * 1000) / median(runs.map(({ decodeMs }) => decodeMs)),
    decoded,
    repeats: runs.length,
  }));
}

/** All lengths of prompts, ascending: those that are timed and those that tokens are decoded behind. */
export function promptLengths({ prefill, decode }: Pick<MeasureOptions, "prefill" | "decode">): number[] {
  return [...new Set([...prefill, ...decode])].sort((a, b) => a - b);
}

async function chooseDecoded(model: LoadedModel): Promise<number> {
  await model.run(16, 4);
  const perToken = (await model.run(16, 4)).decodeMs / 4;
  return Math.max(4, Math.min(32, Math.round(decodeMs / perToken)));
}

/** Middle of some numbers; of two middle ones, their mean. */
export function median(values: readonly number[]): number {
  const ascending = [...values].sort((a, b) => a - b);
  const half = (ascending.length - 1) / 2;
  return (ascending[Math.floor(half)]! + ascending[Math.ceil(half)]!) / 2;
}

/** A prompt of `count` tokens, spread over the vocabulary. */
export function somePrompt(count: number, vocabulary: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => 300 + ((i * 7919) % (vocabulary - 300)));
}

/** Index of the largest value. */
export function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
}
