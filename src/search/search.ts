// Architecture search: every shape of a space (or, where that is too large, a population of them) is judged by a latency
// model and the quality model; what comes out are Pareto fronts, the best shapes by the objective, and why they are it.
// Nothing is measured, printed or written here: see ./latency for measuring, and whoever calls.
import { HandheldError } from "../errors.ts";
import { countParameters } from "../spec/arithmetic.ts";
import type { Spec } from "../spec/spec.ts";
import { enumerateShapes, type ShapeProgress } from "./enumerate.ts";
import { Evaluated, memoryOf } from "./evaluate.ts";
import { evolveShapes } from "./evolve.ts";
import type { Estimate, PredictedSpeed } from "./latency/predictor.ts";
import { type Objective, onDevice, type SpeedModel } from "./objective.ts";
import { paretoFront } from "./pareto.ts";
import { type Shape, typicalShape } from "./quality/features.ts";
import { createQualityModel, type PredictedLoss, type QualityModel } from "./quality/model.ts";
import { type Budget, countShapes, describeSpace, type Space } from "./space.ts";
import { profileAxes, type SpeedBySize } from "./speed-by-size.ts";

/**
 * The least quality that may be chosen. Losses are cautious ones, not exceeded with 84 % certainty: a shape of which little
 * is known is not taken for a good one.
 */
export type QualityFloor =
  /** Best cautious loss of the space ÷ cautious loss is at least this, 0..1. */
  | { share: number }
  /** The predicted loss is at most that of this architecture, and the cautious one at most {@link riskTaken} above it. */
  | { name: string; spec: Spec };

/** How much more loss than a named architecture's is risked. */
export const riskTaken = 0.03;

/** What to search and for what. */
export interface SearchOptions {
  space: Space;
  /** Stored parameters. Default: the space's own. */
  budget?: Budget | undefined;
  predictor: SpeedModel;
  objective: Objective;
  /** Default: the model fitted to the published tables. */
  quality?: QualityModel | undefined;
  /** Default: a share of 0.97. */
  floor?: QualityFloor | undefined;
  /** Weights, buffers and the cache of a session of the objective's length may take so much. */
  maxMemoryBytes?: number | undefined;
  /** How many of the best to describe. Default 10. */
  top?: number | undefined;
  /** Of evolution. Default 1. */
  seed?: number | undefined;
  /** Larger spaces are not enumerated. Default a million shapes. */
  enumerateAtMost?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ShapeProgress | undefined;
}

/** An architecture with what is predicted of it. */
export interface Candidate {
  spec: Spec;
  parameters: number;
  /** Predicted loss ÷ that of {@link SearchResult.reference}. */
  relativeLoss: Estimate;
  /** The same for the loss that is not exceeded with 84 % certainty. */
  cautiousLoss: number;
  speed: PredictedSpeed;
  memoryBytes: number;
  /** What the objective minimises. */
  cost: number;
}

/** What a search found. */
export interface SearchResult {
  space: { name: string; note: string; description: string; size: number };
  budget: Budget;
  method: "exhaustive" | "evolutionary";
  /** Shapes judged; of these, with enough quality and little enough memory. */
  evaluated: number;
  admissible: number;
  objective: Objective;
  /** The rule of the choice, in words. */
  rule: string;
  /** What relative losses refer to. */
  reference: { name: string; spec: Spec };
  /** Shapes that no other beats in cautious loss and speed: by decode and by prefill; fastest first. */
  fronts: { decode: Candidate[]; prefill: Candidate[] };
  /** The best admissible ones by the objective, one per depth and width; best first. */
  top: Candidate[];
  /** The best admissible one by the objective that executes another number of layers than the first of {@link top}. */
  otherDepth: Candidate | null;
  /** The least cautious loss. */
  bestQuality: Candidate;
  bySize: SpeedBySize;
  /** Describes any other architecture as the search would. */
  describe(spec: Spec): Candidate;
}

/** Shares of the best quality below this are not chosen where nobody says otherwise. */
export const defaultQualityShare = 0.97;

/**
 * Runs a search. The same options and seed give the same result.
 *
 * @throws HandheldError `invalid-spec` when nothing in the space meets the budget, `invalid-option` when nothing is
 *   admissible, `unsupported` for energy on a device whose power is not known, `aborted`
 * @example
 * ```ts
 * const space = await loadSpace("phonelm");
 * const predictor = createPredictor(await readLatencyProfile("laptop.json"));
 * const { top } = await search({ space, budget: { min: 1.58e9, max: 1.65e9 }, predictor, objective: createObjective("decode", 256) });
 * ```
 */
export async function search(options: SearchOptions): Promise<SearchResult> {
  const { space, predictor, signal, onProgress, seed = 1 } = options;
  const objective = onDevice(options.objective, predictor);
  const quality = options.quality ?? createQualityModel();
  const budget = options.budget ?? space.parameters;
  if (budget === undefined) {
    throw new HandheldError("invalid-option", `search space ${space.name} has no parameters of its own; say how many`);
  }
  const size = countShapes(space, budget);
  const judged = quality.judge(anchorOf(options.floor, budget));
  const evaluated = new Evaluated(space, {
    predictor,
    objective,
    quality: judged,
    maxMemoryBytes: options.maxMemoryBytes,
  });
  const exhaustive = size <= (options.enumerateAtMost ?? 1e6);
  if (exhaustive) await enumerateShapes(evaluated, budget, { signal, onProgress });
  else await evolveShapes(evaluated, budget, { seed, signal, onProgress });
  if (evaluated.count === 0) throw nothingFound(options, budget, evaluated.seen);
  const found = new Found(evaluated, { ...options, objective }, quality, judged);
  const { name, note } = space;
  return {
    space: { name, note, description: describeSpace(space), size },
    budget,
    method: exhaustive ? "exhaustive" : "evolutionary",
    evaluated: evaluated.seen,
    objective,
    ...found.result(),
    bySize: profileAxes(evaluated),
  };
}

/** What certainty is measured from: the named architecture, or a typical one of the budget. */
function anchorOf(floor: QualityFloor | undefined, { min, max }: Budget): Shape {
  return floor !== undefined && "spec" in floor ? floor.spec : typicalShape((min + max) / 2);
}

function nothingFound({ space, maxMemoryBytes }: SearchOptions, { min, max }: Budget, seen: number): HandheldError {
  const range = `${Math.round(min / 1e4) / 100} to ${Math.round(max / 1e4) / 100} M parameters`;
  if (seen > 0) {
    return new HandheldError(
      "invalid-option",
      `search space ${space.name}: none of ${seen} shapes of ${range} fits ${Math.round(maxMemoryBytes! / 1e6)} MB; allow more memory or fewer parameters`,
    );
  }
  return new HandheldError(
    "invalid-spec",
    `search space ${space.name} has no shape of ${range} (${describeSpace(space)}); widen the space or the tolerance`,
  );
}

class Found {
  private readonly evaluated: Evaluated;
  private readonly options: SearchOptions;
  private readonly quality: QualityModel;
  private readonly judged: (shape: Shape) => PredictedLoss;
  private readonly best: number;
  private readonly reference: { name: string; spec: Spec };

  constructor(
    evaluated: Evaluated,
    options: SearchOptions,
    quality: QualityModel,
    judged: (shape: Shape) => PredictedLoss,
  ) {
    this.evaluated = evaluated;
    this.options = options;
    this.quality = quality;
    this.judged = judged;
    this.best = indexOfLeast(evaluated.cautious, evaluated.count);
    const { floor } = options;
    this.reference =
      floor !== undefined && "spec" in floor
        ? floor
        : { name: "the best predicted of the space", spec: evaluated.spec(this.best) };
  }

  result() {
    const { evaluated, reference } = this;
    const { logLoss, cautious } = this.limits();
    const admissible: number[] = [];
    for (let i = 0; i < evaluated.count; i++) {
      if (evaluated.logLoss[i]! <= logLoss && evaluated.cautious[i]! <= cautious) admissible.push(i);
    }
    if (admissible.length === 0) throw this.noneGoodEnough();
    admissible.sort((a, b) => evaluated.cost[a]! - evaluated.cost[b]! || evaluated.logLoss[a]! - evaluated.logLoss[b]!);
    const other = admissible.find((i) => this.depth(i) !== this.depth(admissible[0]!));
    return {
      admissible: admissible.length,
      rule: this.rule(),
      reference,
      fronts: { decode: this.front(evaluated.decodeMs), prefill: this.front(evaluated.prefillMs) },
      top: this.top(admissible),
      otherDepth: other === undefined ? null : this.describeAt(other),
      bestQuality: this.describeAt(this.best),
      describe: (spec: Spec) => this.describe(spec),
    };
  }

  /** The most loss that is admissible. */
  private limits(): PredictedLoss {
    const { floor } = this.options;
    const rounding = 1e-12;
    if (floor !== undefined && "spec" in floor) {
      const logLoss = this.quality.logLoss(floor.spec) + rounding;
      return { logLoss, cautious: logLoss + Math.log(1 + riskTaken) };
    }
    const least = this.evaluated.cautious[this.best]!;
    return { logLoss: Infinity, cautious: least - Math.log(floor?.share ?? defaultQualityShare) + rounding };
  }

  private noneGoodEnough(): HandheldError {
    const { relativeLoss, cautiousLoss } = this.describeAt(this.best);
    const against = (ratio: number) => `${ratio < 1 ? "" : "+"}${((ratio - 1) * 100).toFixed(1)} %`;
    const message = `no shape of space ${this.evaluated.space.name} is predicted to be as good as ${this.reference.name}: the best has ${against(relativeLoss.value)} loss, and up to ${against(cautiousLoss)} with 84 % certainty`;
    return new HandheldError("invalid-option", `${message}; allow more parameters, a wider space or less quality`);
  }

  private rule(): string {
    const { floor, objective, maxMemoryBytes } = this.options;
    const good =
      floor !== undefined && "spec" in floor
        ? `predicted loss is at most that of ${floor.name}, and with 84 % certainty not ${100 * riskTaken} % above it`
        : `loss is, with 84 % certainty, at most ${((1 / (floor?.share ?? defaultQualityShare) - 1) * 100).toFixed(1)} % above the best of the space`;
    const fits = maxMemoryBytes === undefined ? "" : ` and that fit ${Math.round(maxMemoryBytes / 1e6)} MB`;
    return `Of the shapes whose ${good}${fits}, the one with the fewest ${objective.description}.`;
  }

  private depth(index: number): number {
    const { layers, variant } = this.evaluated.code(index);
    return layers * this.evaluated.space.variants[variant]!.layerRepeat;
  }

  /** One per depth and width of those in order, for neighbours in FFN width are all but the same. */
  private top(admissible: readonly number[]): Candidate[] {
    const { evaluated } = this;
    const wanted = this.options.top ?? 10;
    const shown = new Set<string>();
    const top: number[] = [];
    for (const i of admissible) {
      const { layers, width } = evaluated.code(i);
      if (shown.has(`${layers} ${width}`)) continue;
      shown.add(`${layers} ${width}`);
      if (top.push(i) === wanted) break;
    }
    return top.map((i) => this.describeAt(i));
  }

  private front(cost: Float64Array): Candidate[] {
    const { count, cautious } = this.evaluated;
    const front = paretoFront(cost.subarray(0, count), cautious.subarray(0, count));
    const every = Math.ceil(front.length / mostOnFront);
    return front.filter((_, at) => at % every === 0 || at === front.length - 1).map((index) => this.describeAt(index));
  }

  private describeAt(index: number): Candidate {
    return this.describe(this.evaluated.spec(index));
  }

  private describe(spec: Spec): Candidate {
    const { predictor, objective } = this.options;
    const speed = predictor.speed(spec, objective.at);
    const memoryBytes = memoryOf(predictor, spec, objective);
    return {
      spec,
      parameters: countParameters(spec).total,
      relativeLoss: this.quality.relativeLoss(spec, this.reference.spec),
      cautiousLoss: Math.exp(this.judged(spec).cautious - this.quality.logLoss(this.reference.spec)),
      speed,
      memoryBytes,
      cost: objective.cost(speed, memoryBytes),
    };
  }
}

/** A front may have hundreds of shapes that a reader could not tell apart. */
const mostOnFront = 120;

function indexOfLeast(values: Float64Array, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[i]! < values[best]!) best = i;
  return best;
}
