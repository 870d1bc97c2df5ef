// What a search minimises: the cost of a shape on a device in one number, and in words.
import { HandheldError, suggest } from "../errors.ts";
import type { DevicePower } from "./latency/latency-profile.ts";
import type { PredictedSpeed, Predictor, SpeedRequest } from "./latency/predictor.ts";

/** What a search needs of a latency model; a {@link Predictor} is one. */
export interface SpeedModel extends Pick<Predictor, "speed" | "memoryBytes"> {
  /** Where energy is to be predicted. */
  readonly profile?: { energy?: DevicePower | undefined };
}

/** What to minimise. */
export interface Objective {
  /** As it is written on a command line. */
  readonly name: string;
  /** In words: "milliseconds per decoded token behind 256 tokens". */
  readonly description: string;
  /** The unit that {@link cost} counts. */
  readonly unit: "ms" | "MB" | "J";
  /** Lengths that {@link cost} needs the speed at. */
  readonly at: SpeedRequest;
  /** Of an objective in joules, use {@link onDevice} first. */
  cost(speed: PredictedSpeed, memoryBytes: number): number;
}

/** What a device draws, in watts. */
type Watts = NonNullable<DevicePower["watts"]>;

/** Names that {@link createObjective} knows; `ttft` takes lengths behind an @. */
export const objectiveNames = ["decode", "prefill", "ttft", "memory", "energy"] as const;

/**
 * Reads an objective.
 *
 * - `decode`: time per token behind `context` tokens.
 * - `prefill`: time per token of a prompt of `context` tokens.
 * - `ttft@512`: time until the first token of an answer to a prompt of 512; `ttft@512+64`: until its 64th.
 * - `memory`: bytes of weights, cache and buffers.
 * - `energy@512+64`: joules of an answer of 64 to a prompt of 512; `energy`: of 64 to a prompt of `context`.
 *
 * @throws HandheldError `invalid-option`
 * @example
 * ```ts
 * createObjective("ttft@512+64", 256).description;
 * ```
 */
export function createObjective(text: string, context: number): Objective {
  const [, name = "", prompt, answer] = /^([a-z]+)(?:@(\d+)(?:\+(\d+))?)?$/i.exec(text.trim()) ?? [];
  const wanted = name.toLowerCase();
  const takesLengths = wanted === "ttft" || wanted === "energy";
  if (prompt !== undefined && !takesLengths) throw unknown(text);
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
  if (!takesLengths) throw unknown(text);
  const lengths = {
    prompt: Number(prompt ?? context),
    answer: Number(answer ?? (wanted === "ttft" ? 1 : usualAnswer)),
  };
  if (lengths.prompt < 1 || lengths.answer < 1) {
    throw new HandheldError("invalid-option", `objective ${text}: lengths are at least 1 token`);
  }
  return wanted === "ttft" ? timeToAnswer(lengths) : new EnergyOfAnswer(lengths);
}

/** Tokens of an answer whose energy is asked for without its length. */
const usualAnswer = 64;

/** Tokens of a prompt and of its answer. */
interface Lengths {
  prompt: number;
  answer: number;
}

// Decoding is as fast as in the middle of the answer.
function lengthsAt({ prompt, answer }: Lengths): SpeedRequest {
  return { prompt, context: prompt + Math.floor(answer / 2) };
}

function timeToAnswer({ prompt, answer }: Lengths): Objective {
  const description =
    answer === 1
      ? `milliseconds to the first token after a prompt of ${prompt}`
      : `milliseconds to an answer of ${answer} tokens after a prompt of ${prompt}`;
  return {
    name: `ttft@${prompt}${answer === 1 ? "" : `+${answer}`}`,
    description,
    unit: "ms",
    at: lengthsAt({ prompt, answer }),
    cost: (speed) => speed.ttftMs.value + ((answer - 1) * 1000) / speed.decodeTokensPerSecond.value,
  };
}

/** Joules of a prompt and its answer: predicted times, each with the power that its kind of work draws. */
class EnergyOfAnswer implements Objective {
  readonly name: string;
  readonly description: string;
  readonly unit = "J";
  readonly at: SpeedRequest;
  private readonly lengths: Lengths;
  private readonly watts: Watts | null;

  constructor(lengths: Lengths, watts: Watts | null = null) {
    const { prompt, answer } = lengths;
    this.name = `energy@${prompt}+${answer}`;
    this.description = `joules of an answer of ${answer} tokens after a prompt of ${prompt}`;
    this.at = lengthsAt(lengths);
    this.lengths = lengths;
    this.watts = watts;
  }

  cost(speed: PredictedSpeed): number {
    if (this.watts === null) throw noPower("nothing was said of the device");
    const { prefill, decode } = this.watts;
    const decodeSeconds = (this.lengths.answer - 1) / speed.decodeTokensPerSecond.value;
    return (prefill * speed.ttftMs.value) / 1000 + decode * decodeSeconds;
  }

  on(energy: DevicePower | undefined): Objective {
    if (energy?.watts) return new EnergyOfAnswer(this.lengths, energy.watts);
    throw noPower(energy?.note ?? "none was asked for when it was calibrated");
  }
}

/**
 * The objective for one device: one in joules needs to know what the device draws, others are the same everywhere.
 * @throws HandheldError `unsupported` where that was not measured; energy is not guessed
 */
export function onDevice(objective: Objective, { profile }: Pick<SpeedModel, "profile">): Objective {
  return objective instanceof EnergyOfAnswer ? objective.on(profile?.energy) : objective;
}

function noPower(reason: string): HandheldError {
  return new HandheldError(
    "unsupported",
    `objective energy: this device's profile holds no power measurement (${reason}), and energy is not guessed; use decode or ttft@<prompt>+<answer>, which it follows where the processor is at full load`,
  );
}

function unknown(text: string): HandheldError {
  const hint = suggest(text.split("@")[0]!, objectiveNames) || "";
  return new HandheldError(
    "invalid-option",
    `unknown objective "${text}": decode, prefill, ttft@<prompt>[+<answer>], memory or energy[@<prompt>+<answer>]${hint}`,
  );
}
