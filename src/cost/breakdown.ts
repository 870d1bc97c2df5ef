// Where a model's time goes, by operator, and its memory, by use: profiles of src/search/profile.ts as `handheld bench` and a
// measurement of cost show them.
import type { Operator } from "../kernels/backend.ts";
import type { Decoder } from "../model/decoder.ts";
import {
  type MemoryUse,
  memoryUse,
  type Profile,
  type ProfileOptions,
  profileDecode,
  profilePrefill,
  sum,
} from "../search/profile.ts";
import { mostDecoded } from "../search/timing.ts";
import type { Cost } from "./result.ts";

/** Operators in the order of a forward pass, as in the survey's Figure 7, and how they are called. */
export const operatorTitles: Record<Operator, string> = {
  embedding: "embedding",
  norms: "norms",
  projections: "attention projections",
  attention: "attention",
  ffn: "FFN",
  head: "head",
  sampling: "sampling (greedy)",
  other: "other",
};

/** Uses of memory, and how they are called. */
export const memoryTitles: Record<keyof MemoryUse, string> = {
  embedding: "embedding and head",
  attention: "attention weights",
  ffn: "FFN weights",
  norms: "norms",
  cache: "KV cache",
  buffers: "activations, logits",
};

/** Profiles at some sizes. */
export interface Profiles {
  profiles: Profile[];
  /** Bytes, with a session of the longest measured length open. */
  memory: MemoryUse;
}

/** What {@link profileAll} measures. */
export interface ProfileAllOptions extends ProfileOptions {
  /** Tokens of the prompts. */
  prefill: readonly number[];
  /** Tokens in the cache before the first decoded one. */
  decode: readonly number[];
  /** Called before each profile is taken. */
  onProgress?: ((done: number, what: string) => void) | undefined;
}

/** Profiles every prompt length and context. @throws as profilePrefill and profileDecode */
export async function profileAll(decoder: Decoder, options: ProfileAllOptions): Promise<Profiles> {
  const { prefill, decode, onProgress, ...profiling } = options;
  const profiles: Profile[] = [];
  const buffersBytes = decoder.backend.allocatedBytes - decoder.weights.bytes;
  for (const tokens of prefill) {
    onProgress?.(profiles.length, `prefill of ${tokens}`);
    profiles.push(await profilePrefill(decoder, tokens, profiling));
  }
  for (const context of decode) {
    onProgress?.(profiles.length, `decode at ${context}`);
    profiles.push(await profileDecode(decoder, context, profiling));
  }
  const capacity = Math.max(...prefill, ...decode) + mostDecoded;
  return { profiles, memory: memoryUse(decoder, capacity, buffersBytes) };
}

/** One named part of a whole. */
export interface Part {
  name: string;
  value: number;
}

/** Milliseconds of a prompt or of a decoded token, by what they went into. */
export function timeParts({ busyMs, waitingMs, outsideMs }: Profile): Part[] {
  const shown = Object.keys(operatorTitles) as Operator[];
  return [
    ...shown.map((operator) => ({ name: operatorTitles[operator], value: busyMs[operator] })),
    { name: "barrier wait", value: sum(waitingMs) },
    { name: "outside the kernels", value: outsideMs },
  ];
}

/** Bytes by use. */
export function memoryParts(memory: MemoryUse): Part[] {
  const uses = Object.keys(memoryTitles) as (keyof MemoryUse)[];
  return uses.map((use) => ({ name: memoryTitles[use], value: memory[use] }));
}

/** The breakdown of a {@link Cost}, at one prompt length, with room for 64 further tokens. */
export async function measureBreakdown(
  decoder: Decoder,
  prompt: number,
  options: ProfileOptions = {},
): Promise<NonNullable<Cost["breakdown"]>> {
  const { profiles, memory } = await profileAll(decoder, { ...options, prefill: [prompt], decode: [prompt] });
  const [prefill, decode] = profiles.map((profile) => {
    const parts = timeParts(profile).filter(({ value }) => value > 0);
    const total = parts.reduce((all, { value }) => all + value, 0);
    return parts.map(({ name, value }) => ({ name, share: value / total }));
  });
  const processBytes = (globalThis as { process?: NodeJS.Process }).process?.memoryUsage?.().rss;
  return {
    prefill: prefill!,
    decode: decode!,
    memory: memoryParts(memory).map(({ name, value }) => ({ name, bytes: value })),
    ...(processBytes !== undefined && { processBytes }),
  };
}
