// Splits a decoder's time by operator, as Figure 7 of "Demystifying Small Language Models for Edge Deployment" does, and
// its memory by use, as Figure 9. Speeds without a profile are in timing.ts.
import { HandheldError } from "../errors.ts";
import { type Operator, type OperatorTimes, operators } from "../kernels/backend.ts";
import type { KernelSampler } from "../kernels/sampling.ts";
import type { Decoder } from "../model/decoder.ts";
import type { Session } from "../model/session.ts";
import { kvBytesPerToken } from "../spec/arithmetic.ts";
import { mostDecoded, someTokens } from "./timing.ts";

/** Where the time of one prompt or of one decoded token goes. */
export interface Profile {
  phase: "prefill" | "decode";
  /** Tokens of the prompt; tokens in the cache before the first decoded one. */
  tokens: number;
  /** Milliseconds of a prompt or of a decoded token, in the fastest repeat: busy + waiting + outside. */
  totalMs: number;
  /** The same without a profile, measured by turns with it, in its fastest repeat. */
  plainMs: number;
  /** Milliseconds that the threads compute, on average, by operator. */
  busyMs: Record<Operator, number>;
  /** Milliseconds that the threads wait at the barrier behind each operator for the slowest of them, on average. */
  waitingMs: Record<Operator, number>;
  /** Milliseconds outside the kernels: JavaScript that queues operations, waking the threads. */
  outsideMs: number;
  /** What looking at the clock costs: (totalMs − plainMs) ÷ plainMs. Below zero it is lost in the noise. */
  cost: number;
  /** (Median − fastest) ÷ fastest of the profiled repeats: how much else the machine did. */
  spread: number;
  repeats: number;
}

/** How much is measured. */
export interface ProfileOptions {
  /** Repeats, with and without profile, of which the fastest counts: other work only ever adds time. Default 20. */
  repeats?: number | undefined;
  /** Seconds that one repeat should last. Default 0.05. */
  repeatSeconds?: number | undefined;
  /** Seconds after which no repeat begins, once there are three. Default 5. */
  budgetSeconds?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Profiles putting a prompt of `tokens` tokens into an empty cache and choosing the next token (greedy). */
export async function profilePrefill(decoder: Decoder, tokens: number, options: ProfileOptions = {}): Promise<Profile> {
  const session = decoder.createSession({ capacity: tokens });
  const prompt = someTokens(decoder, tokens);
  const sampler = decoder.createSampler();
  try {
    const run = (times: number) => {
      let samplingMs = 0;
      for (let i = 0; i < times; i++) {
        session.truncate(0);
        session.append(prompt);
        samplingMs += sample(session, sampler);
      }
      return samplingMs;
    };
    return { phase: "prefill", tokens, ...(await profile(decoder, run, options)) };
  } finally {
    sampler.close();
    session.close();
  }
}

/** Profiles decoding and choosing (greedy) one token after the other behind `context` tokens. */
export async function profileDecode(decoder: Decoder, context: number, options: ProfileOptions = {}): Promise<Profile> {
  const length = Math.max(1, Math.min(mostDecoded, decoder.spec.context - context));
  const session = decoder.createSession({ capacity: context + length });
  const sampler = decoder.createSampler();
  try {
    if (context > 0) session.append(someTokens(decoder, context));
    const run = (times: number) => {
      let samplingMs = 0;
      for (let i = 0; i < times; i++) {
        if (i % length === 0) session.truncate(context);
        session.append([i % decoder.spec.vocabulary]);
        samplingMs += sample(session, sampler);
      }
      session.truncate(context);
      return samplingMs;
    };
    return { phase: "decode", tokens: context, ...(await profile(decoder, run, options)) };
  } finally {
    sampler.close();
    session.close();
  }
}

/** Milliseconds of choosing a token in the backend, by the caller's clock. */
function sample(session: Session, sampler: KernelSampler): number {
  session.decoder.backend.flush();
  session.decoder.backend.mark("sampling");
  const started = performance.now();
  session.sample(sampler);
  return performance.now() - started;
}

type Split = Pick<Profile, "totalMs" | "busyMs" | "waitingMs" | "outsideMs">;

async function profile(decoder: Decoder, run: (times: number) => number, options: ProfileOptions) {
  const most = Math.max(1, options.repeats ?? 20);
  const budgetMs = 1000 * (options.budgetSeconds ?? 5);
  const begun = performance.now();
  const times = calibrate(run, options.repeatSeconds ?? 0.05);
  const splits: Split[] = [];
  let plainMs = Infinity;
  while (splits.length < most && (splits.length < 3 || performance.now() - begun < budgetMs)) {
    await new Promise((resolve) => setTimeout(resolve)); // lets Ctrl-C in
    if (options.signal?.aborted) throw new HandheldError("aborted", "stopped while profiling");
    const started = performance.now();
    run(times);
    plainMs = Math.min(plainMs, (performance.now() - started) / times);
    splits.push(profiled(decoder, run, times));
  }
  splits.sort((a, b) => a.totalMs - b.totalMs);
  const best = splits[0]!;
  const spread = splits[splits.length >> 1]!.totalMs / best.totalMs - 1;
  return { ...best, plainMs, cost: best.totalMs / plainMs - 1, spread, repeats: splits.length };
}

// How often to run so that it lasts `seconds`; a run before warms up.
function calibrate(run: (times: number) => number, seconds: number): number {
  run(1);
  const started = performance.now();
  run(1);
  return Math.max(1, Math.ceil((seconds * 1000) / Math.max(0.01, performance.now() - started)));
}

function profiled({ backend }: Decoder, run: (times: number) => number, times: number): Split {
  backend.startProfile();
  const started = performance.now();
  const samplingMs = run(times);
  const totalMs = (performance.now() - started) / times;
  const booked = backend.stopProfile();
  // By the caller's clock, for what JavaScript does of it no backend sees.
  booked.sampling.busy = Math.max(0, samplingMs - booked.sampling.waiting);
  const part = (kind: keyof OperatorTimes[Operator]) =>
    Object.fromEntries(operators.map((name) => [name, booked[name][kind] / times])) as Record<Operator, number>;
  const [busyMs, waitingMs] = [part("busy"), part("waiting")];
  return { totalMs, busyMs, waitingMs, outsideMs: Math.max(0, totalMs - sum(busyMs) - sum(waitingMs)) };
}

/** Sum over the operators. */
export function sum(times: Record<Operator, number>): number {
  return operators.reduce((total, name) => total + times[name], 0);
}

/** Bytes of memory by use, with one session of a given length open. */
export interface MemoryUse {
  /** Embedding, learned positions, and the output head where it is not tied. */
  embedding: number;
  attention: number;
  ffn: number;
  norms: number;
  /** KV cache of the session (int8). */
  cache: number;
  /** Activations and logits of a forward pass. */
  buffers: number;
}

/** What an open decoder and a session of `capacity` tokens take. `buffersBytes`: what the decoder reserved but for weights. */
export function memoryUse({ spec, weights }: Decoder, capacity: number, buffersBytes: number): MemoryUse {
  const use = { embedding: 0, attention: 0, ffn: 0, norms: 0 };
  for (const { name, bytes } of weights.places) use[partOf(name)] += bytes;
  return { ...use, cache: capacity * kvBytesPerToken(spec, "int8"), buffers: buffersBytes };
}

function partOf(tensor: string): "embedding" | "attention" | "ffn" | "norms" {
  if (/norm\.(weight|bias)$/.test(tensor)) return "norms";
  if (tensor.includes(".self_attn.")) return "attention";
  return tensor.includes(".mlp.") ? "ffn" : "embedding";
}
