// What a measurement of cost can be asked for, and which points of the grid that makes.
import type { FoundMeter } from "../devices/energy/meter.ts";
import { HandheldError } from "../errors.ts";
import type { Backend } from "../kernels/index.ts";
import type { Decoder } from "../model/decoder.ts";
import type { WeightFormat } from "../model/weights.ts";
import type { Spec } from "../spec/spec.ts";
import type { CostPoint } from "./result.ts";
import type { Stretch } from "./sustained.ts";

/** Prompt lengths of the survey's Figure 6 and longer ones, in tokens. */
export const defaultPrompts: readonly number[] = [32, 64, 128, 256, 512, 1024];
/** Output lengths, in tokens. */
export const defaultOutputs: readonly number[] = [64];
/** Weight forms, smallest first. */
export const costForms = ["int4", "int8", "f32"] as const satisfies readonly WeightFormat[];

/** A weight form that is measured. */
export type CostForm = (typeof costForms)[number];

/** Options of measureCost. */
export interface CostOptions {
  /** Default {@link defaultPrompts}; those for which the context has no room are left out, with a note. */
  prompts?: readonly number[] | undefined;
  /** Default {@link defaultOutputs}. */
  outputs?: readonly number[] | undefined;
  /** Default {@link costForms}; those for which there is no memory are left out, with a note. The first is broken down. */
  forms?: readonly CostForm[] | undefined;
  /** Numbers of threads. Default: as many as the backend takes by itself. */
  threads?: readonly number[] | undefined;
  /** Repeats of a point, of which the median counts. Default 5. */
  repeats?: number | undefined;
  /** Seconds after which a point begins no further repeat. Default 10. */
  budgetSeconds?: number | undefined;
  /** Seconds of decoding without a pause, at the end. Default 0: none. */
  sustainedSeconds?: number | undefined;
  /** Split time and memory by what they go into. Default true. */
  breakdown?: boolean | undefined;
  /** What counts energy. Default: {@link openEnergyMeter}. */
  energy?: FoundMeter | undefined;
  /** Points of an interrupted measurement: they are not measured again. */
  done?: readonly CostPoint[] | undefined;
  /** Opens the model in a form. Default: random weights. */
  openDecoder?: ((backend: Backend, form: CostForm) => Decoder | Promise<Decoder>) | undefined;
  /** Hears each measured point, at once. */
  onPoint?: ((point: CostPoint) => void) | undefined;
  onStretch?: ((stretch: Stretch) => void) | undefined;
  /** `done` of `total` points; the sustained run is worth as many as would take its time. */
  onProgress?: ((done: number, total: number, what: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Lengths of a request, in tokens. */
export interface Length {
  prompt: number;
  output: number;
}

/**
 * The lengths that fit in the model's context, shortest first, so that memory grows with them; `note` hears of the others.
 *
 * @throws HandheldError `invalid-option` when none fits
 */
export function planLengths(
  { context }: Spec,
  { prompts: askedPrompts = defaultPrompts, outputs: askedOutputs = defaultOutputs }: CostOptions,
  note: (text: string) => void,
): Length[] {
  const [prompts, outputs] = [ascending(askedPrompts), ascending(askedOutputs)];
  const all = prompts.flatMap((prompt) => outputs.map((output) => ({ prompt, output })));
  const kept = all.filter(({ prompt, output }) => prompt + output <= context);
  if (kept.length === 0) {
    const shortest = `a prompt of ${prompts[0]} and ${outputs[0]} further tokens`;
    throw new HandheldError("invalid-option", `${shortest} do not fit in the context of ${context}; give shorter ones`);
  }
  const missing = all.filter((length) => !kept.includes(length));
  const lengths = missing.map(({ prompt, output }) => `${prompt} + ${output}`).join(", ");
  if (missing.length > 0) note(`left out for the context of ${context} tokens (prompt + output): ${lengths}`);
  return kept;
}

/** Each value once, smallest first. */
export function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
