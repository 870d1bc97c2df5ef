// How one architecture is picked: which candidates are worth measuring, and which measured one wins. A stated rule as
// data, with the same rule in words for the reader.
import * as z from "zod";
import { HandheldError } from "../errors.ts";
import { forwardFlops, prefillFlops } from "../spec/arithmetic.ts";
import type { Spec } from "../spec/spec.ts";
import { type Measurement, requestSeconds, type Workload } from "./measure.ts";
import { predictRelativeLoss, type QualityPrior } from "./quality.ts";

/** A spec with what is predicted of it. */
export interface Candidate {
  spec: Spec;
  /** Predicted loss ÷ the best predicted loss of the space; 1 is best. */
  relativeLoss: number;
  /** Within the rule's tolerance: may be chosen. */
  admissible: boolean;
}

/** A candidate that was measured. */
export interface SearchRow extends Candidate {
  parameters: number;
  measured: Measurement;
  /** What the choice minimises; for the rule below, seconds per typical request. */
  score: number;
}

/** Chooses. Replaceable as a whole, or by another {@link Rule} or quality prior. */
export interface Choice {
  /** The rule in words, for reports. */
  readonly description: string;
  /** The candidates to measure, in the order in which to measure them; at least one must be admissible. */
  shortlist(specs: Iterable<Spec>): Candidate[];
  /** What to minimise, for a row and for the table. */
  score(candidate: Candidate, measured: Measurement): number;
  /** The winner of the measured rows. */
  choose(rows: readonly SearchRow[]): SearchRow;
}

const ruleFields = z.strictObject({
  version: z.literal(1).default(1),
  /** A candidate may be chosen when its predicted loss is at most (1 + this) times the best. */
  tolerance: z.number().min(0).default(0.03),
  /** Most candidates that are measured. */
  measureAtMost: z.number().int().positive().default(16),
  /** A typical request, in tokens: what the speeds are weighted by. */
  promptTokens: z.number().int().nonnegative().default(32),
  answerTokens: z.number().int().positive().default(24),
});

/** The rule as data. */
export type Rule = z.output<typeof ruleFields>;

/**
 * The default choice: of the candidates whose predicted loss is within a tolerance of the best, the one that answers a
 * typical request soonest. When there are more than `measureAtMost`, those with the fewest FLOPs per request among the
 * admissible are measured, spread over the depths so that every depth is seen.
 *
 * @throws HandheldError `invalid-option` naming the field of the rule
 */
export function fastestWithinTolerance(
  input: z.input<typeof ruleFields> = {},
  quality: QualityPrior = predictRelativeLoss,
): Choice & { readonly rule: Rule } {
  const parsed = ruleFields.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new HandheldError("invalid-option", `choice rule: ${issue.path.join(".")}: ${issue.message}`);
  }
  const rule = parsed.data;
  return {
    rule,
    description: describeRule(rule),
    shortlist: (specs) => shortlist(specs, rule, quality),
    score: (_, measured) => requestSeconds(measured, rule),
    choose: (rows) => {
      const admissible = rows.filter((row) => row.admissible);
      const pool = admissible.length > 0 ? admissible : rows;
      if (pool.length === 0) throw new HandheldError("invalid-option", "there is nothing to choose from");
      return pool.reduce((best, row) => (row.score < best.score ? row : best));
    },
  };
}

function describeRule({ tolerance, promptTokens, answerTokens, measureAtMost }: Rule): string {
  const percent = Number((tolerance * 100).toFixed(1));
  return (
    `Of the architectures whose predicted loss is within ${percent} % of the best, take the one that answers a request ` +
    `of ${promptTokens} prompt and ${answerTokens} answer tokens soonest. The prediction ranks shapes (parameters, ` +
    `depth, head size; fitted to PhoneLM's Table 7); speeds are measured on this device, for at most ${measureAtMost} candidates.`
  );
}

function shortlist(specs: Iterable<Spec>, rule: Rule, quality: QualityPrior): Candidate[] {
  const losses = [...specs].map((spec) => ({ spec, loss: quality(spec) }));
  const best = losses.reduce((least, { loss }) => Math.min(least, loss), Infinity);
  const candidates = losses.map(({ spec, loss }) => {
    const relativeLoss = loss / best;
    return { spec, relativeLoss, admissible: relativeLoss <= 1 + rule.tolerance };
  });
  if (candidates.length <= rule.measureAtMost) return candidates;
  const kept = new Set(takeByDepth(candidates, rule));
  return candidates.filter((candidate) => kept.has(candidate)); // in the order of the space again
}

// Round after round, the cheapest remaining candidate of every depth: admissible ones first.
function takeByDepth(candidates: readonly Candidate[], rule: Rule): Candidate[] {
  const cost = new Map(candidates.map((candidate) => [candidate, requestFlops(candidate.spec, rule)]));
  const sorted = candidates.toSorted((a, b) => cost.get(a)! - cost.get(b)!);
  const taken: Candidate[] = [];
  for (const pool of [sorted.filter(({ admissible }) => admissible), sorted.filter(({ admissible }) => !admissible)]) {
    const depths = [...Map.groupBy(pool, ({ spec }) => spec.layers * spec.layerRepeat).values()];
    for (let round = 0; taken.length < rule.measureAtMost && depths.some((group) => group.length > round); round++) {
      for (const group of depths) {
        const next = group[round];
        if (next !== undefined && taken.length < rule.measureAtMost) taken.push(next);
      }
    }
  }
  return taken;
}

function requestFlops(spec: Spec, { promptTokens, answerTokens }: Workload): number {
  const answer = forwardFlops(spec, { tokens: answerTokens, cached: promptTokens, logits: "all" });
  return prefillFlops(spec, promptTokens) + answer;
}
