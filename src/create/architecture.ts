// The architecture stage: a search for this device over shapes that fit the parameter budget, or a given spec. Every shape
// is judged by its predicted quality and its operations; the most promising of each depth are then timed.
import type { DeviceProfile } from "../devices/profile.ts";
import { bestSpeeds } from "../devices/profile.ts";
import { HandheldError } from "../errors.ts";
import type { Backend } from "../kernels/backend.ts";
import { Decoder } from "../model/decoder.ts";
import { loadSpec } from "../model/spec-file.ts";
import type { Estimate } from "../search/latency/predictor.ts";
import { createObjective, type SpeedModel } from "../search/objective.ts";
import { type Candidate, type SearchResult, search } from "../search/search.ts";
import { createSpace } from "../search/space.ts";
import { exactly } from "../search/statistics.ts";
import { timeDecode, timePrefill } from "../search/timing.ts";
import { decodeFlops, modelBytes, prefillFlops } from "../spec/arithmetic.ts";
import { createSpec, type Spec } from "../spec/spec.ts";
import type { PreparedData } from "./data.ts";
import type { CreateOptions } from "./types.ts";

/**
 * Default budget of a call model, in parameters. A training of minutes is short of tokens, so small is better: after two
 * minutes 1.04 M in 3 layers had a held-out loss of 0.25 nats, 1.25 M in 4 layers 0.30. At 1.05 M, 3 layers with an FFN of
 * three widths answered 87.8 % after 8 minutes, 4 layers with two widths 86.3 %.
 */
export const defaultBudget = { min: 1e6, max: 1.3e6 };

/** Shapes that are timed, and turns of each; a turn takes about 0.2 s. */
const timed = 12;
const turns = 3;

/** A shape that was timed. */
export interface TimedShape {
  spec: Spec;
  parameters: number;
  /** Predicted loss ÷ the best predicted loss of the space. */
  relativeLoss: Estimate;
  prefillTokensPerSecond: number;
  decodeTokensPerSecond: number;
  /** Seconds from a typical request to the end of its answer. */
  requestSeconds: number;
}

/** What the search saw, and what it chose. */
export interface ArchitectureChoice {
  space: { name: string; description: string; size: number };
  /** The rule in words. */
  rule: string;
  /** What was timed, fastest first. */
  rows: TimedShape[];
  chosen: TimedShape;
}

/** Lengths of a typical request. */
interface Workload {
  promptTokens: number;
  answerTokens: number;
}

/**
 * Searches: of the shapes within 5 % of the best predicted loss, the one that answers a typical request soonest as timed on
 * the backend. `onTimed` hears of each turn.
 *
 * @throws HandheldError `invalid-spec` when nothing fits the budget, `aborted`
 */
export async function searchArchitecture(
  backend: Backend,
  profile: DeviceProfile,
  data: PreparedData,
  options: CreateOptions,
  onTimed: (done: number, total: number) => void = () => {},
): Promise<ArchitectureChoice> {
  const workload = typicalRequest(data);
  const found = await findShapes(profile, data, options, workload);
  const rows = await timeByTurns(backend, spreadOverDepths(found.top, timed), workload, options.signal, onTimed);
  rows.sort((a, b) => a.requestSeconds - b.requestSeconds);
  const { promptTokens, answerTokens } = workload;
  return {
    space: found.space,
    rule:
      `Of the architectures whose predicted loss is within 5 % of the best, take the one that answers a request of ${promptTokens} ` +
      `prompt and ${answerTokens} answer tokens soonest. Quality is predicted from the shape; speeds are measured on this ` +
      `device, for ${rows.length} candidates of all depths.`,
    rows,
    chosen: rows[0]!,
  };
}

function typicalRequest({ summary }: PreparedData): Workload {
  const answerTokens = Math.max(1, Math.round(summary.meanTokens * 0.4));
  return { answerTokens, promptTokens: Math.max(1, Math.round(summary.meanTokens) - answerTokens) };
}

function findShapes(
  profile: DeviceProfile,
  { summary, context }: PreparedData,
  { minParameters, maxParameters, signal, seed }: CreateOptions,
  { promptTokens, answerTokens }: Workload,
): Promise<SearchResult> {
  const budget = {
    min: minParameters ?? Math.min(defaultBudget.min, (maxParameters ?? Infinity) * 0.6),
    max: maxParameters ?? Math.max(defaultBudget.max, (minParameters ?? 0) * 1.5),
  };
  const space = createSpace({
    name: "call models",
    vocabulary: summary.vocabulary,
    context,
    layers: { from: 3, to: 10 },
    // Narrower ones only where the budget has no room for these.
    width: budget.max < defaultBudget.min ? [32, 64, 96, 128] : [128, 160, 192, 224, 256],
    ffnRatio: { min: 3, max: 4 },
    headSize: 32,
    activation: "silu",
  });
  // Wider than for models that will see all the tokens they can: here a shallower one learns more in the minutes there are.
  const floor = { share: 1 / 1.05 };
  const objective = createObjective(`ttft@${promptTokens}+${answerTokens}`, promptTokens);
  return search({ space, budget, objective, predictor: operationSpeeds(profile), floor, top: 200, seed, signal });
}

/** Speeds from operations alone: enough to say which shapes are worth timing. */
function operationSpeeds(profile: DeviceProfile): SpeedModel {
  const { matvecGmacps, matmulGmacps } = bestSpeeds(profile);
  return {
    speed(spec, { prompt, context }) {
      const launchMs = commandMs * spec.layers * spec.layerRepeat;
      const prefillMs = prefillFlops(spec, prompt) / (2e6 * matmulGmacps) + launchMs;
      return {
        prefillTokensPerSecond: exactly((1000 * prompt) / prefillMs),
        decodeTokensPerSecond: exactly(1000 / (decodeFlops(spec, context) / (2e6 * matvecGmacps) + launchMs)),
        ttftMs: exactly(prefillMs),
      };
    },
    memoryBytes: (spec) => modelBytes(spec, "int4"),
  };
}

/** What a block costs besides its arithmetic: about 14 commands of half a microsecond. */
const commandMs = 0.007;

/** Round after round, the best remaining one of every depth, so that every depth is timed. */
function spreadOverDepths(candidates: readonly Candidate[], most: number): Candidate[] {
  const depths = [...Map.groupBy(candidates, ({ spec }) => spec.layers).values()];
  const taken: Candidate[] = [];
  for (let round = 0; taken.length < most && depths.some((group) => group.length > round); round++) {
    for (const group of depths) if (group[round] !== undefined && taken.length < most) taken.push(group[round]!);
  }
  return taken;
}

/** Times shapes, each in its turn; the fastest turn counts, for other work on the machine only adds time. */
async function timeByTurns(
  backend: Backend,
  candidates: readonly Candidate[],
  { promptTokens, answerTokens }: Workload,
  signal: AbortSignal | undefined,
  onTimed: (done: number, total: number) => void,
): Promise<TimedShape[]> {
  const timing = { repeats: 1, repeatSeconds: 0.05, signal };
  const decoders: Decoder[] = [];
  const best = candidates.map(() => ({ prefill: 0, decode: 0 }));
  try {
    for (const { spec } of candidates) decoders.push(Decoder.random(backend, spec));
    for (let turn = 0; turn < turns * decoders.length; turn++) {
      const decoder = decoders[turn % decoders.length]!;
      const speeds = best[turn % decoders.length]!;
      const { context } = decoder.spec;
      const middle = Math.min(promptTokens + Math.floor(answerTokens / 2), context - 1);
      const prefill = await timePrefill(decoder, Math.min(promptTokens, context), timing);
      const decode = await timeDecode(decoder, middle, timing);
      speeds.prefill = Math.max(speeds.prefill, prefill.tokensPerSecond);
      speeds.decode = Math.max(speeds.decode, decode.tokensPerSecond);
      onTimed(turn + 1, turns * decoders.length);
    }
  } finally {
    for (const decoder of decoders) decoder.close();
  }
  return candidates.map(({ spec, parameters, relativeLoss }, i) => {
    const { prefill, decode } = best[i]!;
    const requestSeconds = promptTokens / prefill + answerTokens / decode;
    const speeds = { prefillTokensPerSecond: prefill, decodeTokensPerSecond: decode };
    return { spec, parameters, relativeLoss, ...speeds, requestSeconds };
  });
}

/** A given architecture (preset name or file) with this run's vocabulary and context. */
export async function givenArchitecture(source: string, data: PreparedData): Promise<Spec> {
  const spec = await loadSpec(source);
  if (spec.context < data.summary.longestTokens) {
    throw new HandheldError(
      "invalid-spec",
      `${source}: context ${spec.context} is shorter than the longest training sequence, ${data.summary.longestTokens} tokens; raise it`,
    );
  }
  return createSpec({ ...spec, vocabulary: data.summary.vocabulary }, source);
}
