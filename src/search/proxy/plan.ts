// Successive halving (Jamieson and Talwalkar 2016) with equal tokens: every candidate is trained for the first rung's
// tokens, the better half for twice as many, and so on. What is planned and what is known so far, as data on disk.
import * as z from "zod";
import { HandheldError } from "../../errors.ts";
import { createSpec, type Spec } from "../../spec/spec.ts";

const spec = z.custom<Spec>().transform((value) => createSpec(value, "proxy"));

/** One target and its proxy. */
const candidate = z.strictObject({
  target: spec,
  proxy: spec,
  /** Held-out loss at the end of each rung it took part in, nats per token; null where training diverged. */
  losses: z.array(z.number().nullable()),
});

const state = z.strictObject({
  version: z.literal(1),
  /** Hash of the text and settings: a folder belongs to one search. */
  key: z.string(),
  seed: z.number().int(),
  /** Optimiser steps at the end of each rung, ascending; each the double of the one before. */
  rungSteps: z.array(z.number().int().positive()).nonempty(),
  batchTokens: z.number().int().positive(),
  candidates: z.array(candidate).nonempty(),
});

/** A run of proxies: what is planned, and the losses so far. */
export type ProxyState = z.output<typeof state>;
export type ProxyCandidate = ProxyState["candidates"][number];

/** Reads a stored state. @throws HandheldError `invalid-file` */
export function parseProxyState(json: unknown, where: string): ProxyState {
  const parsed = state.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new HandheldError(
    "invalid-file",
    `${where}: ${issue.path.join(".")}: ${issue.message}; remove the folder to begin anew`,
  );
}

/** What remains to be trained, in order: the rung, and the candidate's index. */
export interface Turn {
  rung: number;
  index: number;
}

/** The next piece of work; null when all rungs are done. Depends on the losses alone, so a resumed run goes on the same. */
export function nextTurnOf({ candidates, rungSteps }: ProxyState): Turn | null {
  for (let rung = 0; rung < rungSteps.length; rung++) {
    for (const index of members(candidates, rung)) {
      if (candidates[index]!.losses.length <= rung) return { rung, index };
    }
  }
  return null;
}

/** Candidates of a rung: all of them in the first, the better half of the one before (rounded up) after it. */
function members(candidates: readonly ProxyCandidate[], rung: number): number[] {
  if (rung === 0) return [...candidates.keys()];
  const before = members(candidates, rung - 1);
  const loss = (index: number) => candidates[index]!.losses[rung - 1] ?? Infinity;
  if (before.some((index) => candidates[index]!.losses.length < rung)) return [];
  const finite = before.filter((index) => loss(index) < Infinity).sort((a, b) => loss(a) - loss(b) || a - b);
  return finite.slice(0, Math.max(1, Math.ceil(before.length / 2))).sort((a, b) => a - b);
}

/** Optimiser steps of the whole plan, and those that are done. */
export function countSteps({ candidates, rungSteps }: Pick<ProxyState, "candidates" | "rungSteps">): {
  done: number;
  total: number;
} {
  let [total, size] = [0, candidates.length];
  for (const [rung, steps] of rungSteps.entries()) {
    total += size * (steps - (rungSteps[rung - 1] ?? 0));
    size = Math.max(1, Math.ceil(size / 2));
  }
  const done = candidates.reduce((sum, { losses }) => sum + (rungSteps[losses.length - 1] ?? 0), 0);
  return { done, total };
}
