// What a search minimises: the cost of a shape on a device in one number, and in words.
import { HandheldError, suggest } from "../errors.ts";
import type { PredictedSpeed, Predictor, SpeedRequest } from "./latency/predictor.ts";

/** What a search needs of a latency model; a {@link Predictor} is one. */
export type SpeedModel = Pick<Predictor, "speed" | "memoryBytes">;

/** What to minimise. */
export interface Objective {
  /** As it is written on a command line. */
  readonly name: string;
  /** In words: "milliseconds per decoded token behind 256 tokens". */
  readonly description: string;
  /** The unit that {@link cost} counts. */
  readonly unit: "ms" | "MB";
  /** Lengths that {@link cost} needs the speed at. */
  readonly at: SpeedRequest;
  cost(speed: PredictedSpeed, memoryBytes: number): number;
}

/** Names that {@link createObjective} knows; `ttft` takes lengths behind an @. */
export const objectiveNames = ["decode", "prefill", "ttft", "memory", "energy"] as const;

/**
 * Reads an objective.
 *
 * - `decode`: time per token behind `context` tokens.
 * - `prefill`: time per token of a prompt of `context` tokens.
 * - `ttft@512`: time until the first token of an answer to a prompt of 512; `ttft@512+64`: until its 64th.
 * - `memory`: bytes of weights, cache and buffers.
 *
 * @throws HandheldError `invalid-option`; `unsupported` for `energy`, which nothing here measures yet
 * @example
 * ```ts
 * createObjective("ttft@512+64", 256).description;
 * ```
 */
export function createObjective(text: string, context: number): Objective {
  const [, name = "", prompt, answer] = /^([a-z]+)(?:@(\d+)(?:\+(\d+))?)?$/i.exec(text.trim()) ?? [];
  const wanted = name.toLowerCase();
  if (wanted === "energy") {
    throw new HandheldError(
      "unsupported",
      "objective energy: this device profile holds no power measurement, and energy is not guessed; use decode or ttft@<prompt>+<answer>, which it follows where the processor is at full load",
    );
  }
  if (prompt !== undefined && wanted !== "ttft") throw unknown(text);
  const at = { prompt: context, context };
  if (wanted === "decode") {
    const description = `milliseconds per decoded token behind ${context}`;
    return { name: wanted, description, unit: "ms", at, cost: (speed) => 1000 / speed.decodeTokensPerSecond.value };
  }
  if (wanted === "prefill") {
    const description = `milliseconds per token of a prompt of ${context}`;
    return { name: wanted, description, unit: "ms", at, cost: (speed) => 1000 / speed.prefillTokensPerSecond.value };
  }
  if (wanted === "memory") {
    const description = "megabytes of weights, cache and buffers";
    return { name: wanted, description, unit: "MB", at, cost: (_, memoryBytes) => memoryBytes / 1e6 };
  }
  if (wanted !== "ttft") throw unknown(text);
  return timeToAnswer(Number(prompt ?? context), Number(answer ?? 1));
}

function timeToAnswer(prompt: number, answer: number): Objective {
  if (prompt < 1 || answer < 1) {
    throw new HandheldError("invalid-option", `objective ttft@${prompt}+${answer}: lengths are at least 1 token`);
  }
  const description =
    answer === 1
      ? `milliseconds to the first token after a prompt of ${prompt}`
      : `milliseconds to an answer of ${answer} tokens after a prompt of ${prompt}`;
  return {
    name: `ttft@${prompt}${answer === 1 ? "" : `+${answer}`}`,
    description,
    unit: "ms",
    // Decoding is as fast as in the middle of the answer.
    at: { prompt, context: prompt + Math.floor(answer / 2) },
    cost: (speed) => speed.ttftMs.value + ((answer - 1) * 1000) / speed.decodeTokensPerSecond.value,
  };
}

function unknown(text: string): HandheldError {
  const hint = suggest(text.split("@")[0]!, objectiveNames) || "";
  return new HandheldError(
    "invalid-option",
    `unknown objective "${text}": decode, prefill, ttft@<prompt>[+<answer>], memory or energy${hint}`,
  );
}
