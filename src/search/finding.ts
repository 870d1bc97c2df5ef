// What a search comes to: its result, the architectures that readers know beside it, what was measured of the best, and
// which one wins and why. Plain data that can be stored, printed and drawn.
import { formatCount, formatPercent, formatRate, significant } from "../format.ts";
import { presetNames } from "../spec/presets.ts";
import type { Spec } from "../spec/spec.ts";
import { type Landmark, landmarksNear } from "./landmarks.ts";
import type { PredictedSpeed } from "./latency/predictor.ts";
import type { VerifiedCandidate } from "./latency/verify.ts";
import type { Objective } from "./objective.ts";
import type { ProxyResult } from "./proxy/proxies.ts";
import { type ReferenceSpeed, referencesNear } from "./references.ts";
import type { Candidate, SearchResult } from "./search.ts";
import { exactly } from "./statistics.ts";

/** A known architecture with what is predicted of it. */
export interface KnownCandidate extends Candidate {
  name: string;
}

/** A published speed beside the prediction for this search's device. */
export interface PublishedSpeed extends ReferenceSpeed {
  here: Candidate;
}

/** Where speeds were predicted or measured. */
export interface FindingDevice {
  name: string;
  /** Of the calibration, ISO 8601. */
  date: string;
  threads: number;
  engine: string;
  /** Where the profile is from, in words; null where it was made for this search. */
  profile: string | null;
  /** Whether the machine stayed the same while it was calibrated. */
  steady: boolean;
  /** How far whole models were off that the calibration left out in turn: standard deviation of the ratio's logarithm. */
  deviation: { prefill: number; decode: number };
}

/** The outcome of a search, as stored by `--json`. */
export interface Finding extends Omit<SearchResult, "describe" | "objective"> {
  version: 1;
  /** ISO 8601. */
  date: string;
  seed: number;
  device: FindingDevice;
  objective: { name: string; description: string; unit: Objective["unit"]; prompt: number; context: number };
  /** Known architectures of about the budget's size. */
  known: KnownCandidate[];
  /** What papers measured on phones at about the budget's size, with what is predicted of the same shapes here. */
  references: PublishedSpeed[];
  /** Measured whole, in alternation; empty where nothing was. */
  verified: VerifiedCandidate[];
  /** What was trained for the prediction of quality; null where nothing was. */
  proxy: ProxyResult | null;
  /** The best of {@link top}: by measurement where there are any, else by prediction. */
  winner: Candidate;
  /** Why it wins, a sentence each. */
  why: string[];
}

/** What {@link createFinding} joins. */
export interface FindingParts {
  result: SearchResult;
  device: FindingDevice;
  seed: number;
  verified?: readonly VerifiedCandidate[] | undefined;
  proxy?: ProxyResult | null | undefined;
  /** Default: presets and catalogue models near the budget. */
  landmarks?: readonly Landmark[] | undefined;
}

/** Joins a search's result with measurements and landmarks, and picks the winner. */
export function createFinding({ result, device, seed, verified = [], proxy = null, landmarks }: FindingParts): Finding {
  const { describe, objective, ...rest } = result;
  const known = (landmarks ?? landmarksNear(result.budget)).map(({ name, spec }) => ({ name, ...describe(spec) }));
  const winner = winnerOf(result, verified);
  const { name, description, unit, at } = objective;
  const base = { version: 1 as const, date: new Date().toISOString(), seed, device };
  return {
    ...base,
    ...rest,
    objective: { name, description, unit, ...at },
    known,
    references: referencesNear(result.budget).map((one) => ({ ...one, here: describe(one.spec) })),
    verified: [...verified],
    proxy,
    winner,
    why: explain(result, winner, known, verified),
  };
}

function winnerOf(result: SearchResult, verified: readonly VerifiedCandidate[]): Candidate {
  let [best, least] = [result.top[0]!, Infinity];
  for (const candidate of result.top) {
    const cost = measuredCost(result, candidate, verified);
    if (cost !== null && cost < least) [best, least] = [candidate, cost];
  }
  return best;
}

/** What the objective counts of a candidate as it was measured; null where it was not. */
function measuredCost(
  { objective }: SearchResult,
  { spec, speed, memoryBytes }: Candidate,
  verified: readonly VerifiedCandidate[],
): number | null {
  const found = verified.find((one) => same(one.spec, spec));
  return found === undefined ? null : objective.cost(measuredSpeed(found, speed, objective.at.prompt), memoryBytes);
}

/** A measured candidate as speeds; choosing a token takes what was predicted. */
export function measuredSpeed(
  { prefill, decode }: VerifiedCandidate,
  predicted: PredictedSpeed,
  prompt: number,
): PredictedSpeed {
  const choiceMs = predicted.ttftMs.value - (1000 * prompt) / predicted.prefillTokensPerSecond.value;
  return {
    prefillTokensPerSecond: exactly(prefill.tokensPerSecond),
    decodeTokensPerSecond: exactly(decode.tokensPerSecond),
    ttftMs: exactly((1000 * prompt) / prefill.tokensPerSecond + choiceMs),
  };
}

/** Whether two specs are the same architecture. */
export function same(a: Spec, b: Spec): boolean {
  const text = (spec: Spec) => JSON.stringify(Object.entries(spec).sort(([x], [y]) => (x < y ? -1 : 1)));
  return text(a) === text(b);
}

function explain(
  result: SearchResult,
  winner: Candidate,
  known: readonly KnownCandidate[],
  verified: readonly VerifiedCandidate[],
): string[] {
  const { evaluated, admissible, top, objective } = result;
  const measured = verified.filter(({ spec }) => top.some((candidate) => same(candidate.spec, spec)));
  const took = measuredCost(result, winner, verified);
  const cost = (value: number) => `${significant(value)} ${objective.unit}`;
  const judged =
    took === null
      ? ""
      : `; measured whole it took ${cost(took)}, the least of the ${measured.length} that were measured`;
  const shapes = `${formatRate(admissible)} of ${formatRate(evaluated)} shapes`;
  const lines = [
    `${result.rule} ${shapes} are good enough; this one is predicted to take ${cost(winner.cost)}${judged}.`,
  ];
  const { otherDepth } = result;
  if (otherDepth !== null && executed(otherDepth.spec) !== executed(winner.spec)) {
    const more = otherDepth.cost / winner.cost - 1;
    lines.push(
      `The best of another depth has ${executed(otherDepth.spec)} layers in place of ${executed(winner.spec)} and is predicted to take ` +
        `${formatPercent(Math.abs(more))} ${more < 0 ? "less" : "more"}.`,
    );
  }
  return [...lines, ...nearest(winner, known).map((one) => compare(winner, one))];
}

function executed({ layers, layerRepeat }: Spec): number {
  return layers * layerRepeat;
}

/** What to compare with: the papers' models, and the two other known architectures that are nearest in parameters. */
function nearest(winner: Candidate, known: readonly KnownCandidate[]): KnownCandidate[] {
  const far = ({ parameters }: Candidate) => Math.abs(Math.log(parameters / winner.parameters));
  const papers = known.filter(({ name }) => presetNames.includes(name));
  const others = known.filter((one) => !papers.includes(one)).sort((a, b) => far(a) - far(b));
  return [...papers, ...others.slice(0, 2)];
}

function compare(winner: Candidate, known: KnownCandidate): string {
  const than = (share: number, more: string, less: string) =>
    Math.abs(share) < 0.0005 ? "the same" : `${formatPercent(Math.abs(share))} ${share < 0 ? less : more}`;
  const faster = (key: "prefillTokensPerSecond" | "decodeTokensPerSecond") =>
    than(winner.speed[key].value / known.speed[key].value - 1, "faster", "slower");
  const loss = than(winner.relativeLoss.value / known.relativeLoss.value - 1, "higher", "lower");
  return (
    `Beside ${known.name} (${formatCount(known.parameters)} parameters) it is predicted ${faster("decodeTokensPerSecond")} ` +
    `in decode and ${faster("prefillTokensPerSecond")} in prefill, its predicted loss ${loss}.`
  );
}
