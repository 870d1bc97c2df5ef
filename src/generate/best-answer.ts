// The most probable answer that a grammar allows, found best first (uniform-cost search): decoding goes back to an earlier
// choice when what followed the likeliest token turned out less likely than what another token promises.
import { ContextOverflowError } from "../errors.ts";
import type { TokenConstraint } from "../functions/constrain/types.ts";
import type { Session } from "../model/session.ts";

/** Alternatives to the likeliest token that are remembered at each choice, and the smallest share of it they may have. */
const alternatives = 3;
const smallestShare = 0.02;

/** A token not yet taken, and the answer so far that it would continue. */
interface Branch {
  ids: readonly number[];
  constraint: TokenConstraint;
  /** Not in `ids` yet; null: nothing to take, the answer's beginning. */
  next: number | null;
  /** Log-probability of the answer so far, this token included. */
  logProbability: number;
}

/**
 * The answer behind the prompt that `session` holds. Probabilities are over what the grammar allows; tokens without an
 * alternative are certain, and go through the model together with the next chosen one.
 *
 * @param backtracks how often decoding may leave the answer that it is at for an earlier choice; from then on greedy
 * @throws ContextOverflowError when no answer is found that has at most `maxTokens` tokens and fits in the session
 */
export function bestAnswer(
  session: Session,
  constraint: TokenConstraint,
  maxTokens: number,
  backtracks: number,
): readonly number[] {
  const prompt = session.ids.slice();
  let open: Branch[] = [];
  let branch: Branch = { ids: [], constraint, next: null, logProbability: 0 };
  for (let left = backtracks; ; ) {
    const ids = extended(branch);
    const { done } = branch.constraint;
    let ahead: Branch | undefined;
    if (ids.length > maxTokens || (!done && prompt.length + ids.length > session.capacity)) {
      if (open.length === 0) throw overflow(ids.length, maxTokens, prompt.length, session.capacity);
    } else {
      if (done) return ids;
      // At the answer's beginning the prompt's logits are still there.
      if (ids.length > 0) session.prompt([...prompt, ...ids]);
      const next = choices(branch, ids, session.logits());
      ahead = next[0]!;
      if (left > 0) open.push(...next);
      else open = [ahead];
    }
    branch = takeLikeliest(open);
    if (branch !== ahead) left--;
    branch.constraint = branch.constraint.clone();
  }
}

function overflow(answer: number, maxTokens: number, prompt: number, capacity: number): ContextOverflowError {
  if (answer > maxTokens) return new ContextOverflowError(answer, maxTokens, "the answer: ");
  return new ContextOverflowError(prompt + answer, capacity, "the query and its answer: ");
}

/** The branches that follow `ids`, the likeliest first. */
function choices({ constraint, logProbability }: Branch, ids: readonly number[], logits: Float32Array): Branch[] {
  return likeliest(logits, constraint.allowed().ids()).map((choice) => ({
    ids,
    constraint,
    next: choice.id,
    logProbability: logProbability + choice.logProbability,
  }));
}

/** Takes the branch's token and those that must follow it; the end of the answer is not among its tokens. */
function extended({ ids, constraint, next }: Branch): number[] {
  const all = [...ids];
  for (let id = next ?? constraint.forced(); id !== null; id = constraint.forced()) {
    constraint.accept(id);
    if (constraint.done) break;
    all.push(id);
  }
  return all;
}

/** Removes the likeliest branch; of equals the first. */
function takeLikeliest(open: Branch[]): Branch {
  let best = 0;
  for (let i = 1; i < open.length; i++) if (open[i]!.logProbability > open[best]!.logProbability) best = i;
  return open.splice(best, 1)[0]!;
}

/** The likeliest of the tokens `ids` and its best alternatives, likeliest first; of equals the smallest id. */
function likeliest(logits: Float32Array, ids: Uint32Array): { id: number; logProbability: number }[] {
  const best: number[] = [];
  for (const id of ids) {
    if (best.length > alternatives && logits[id]! <= logits[best.at(-1)!]!) continue;
    let at = best.length;
    while (at > 0 && logits[id]! > logits[best[at - 1]!]!) at--;
    best.splice(at, 0, id);
    if (best.length > alternatives + 1) best.pop();
  }
  const top = logits[best[0]!]!;
  let total = 0;
  for (const id of ids) total += Math.exp(logits[id]! - top);
  const logTotal = Math.log(total);
  return best
    .filter((id) => logits[id]! - top >= Math.log(smallestShare))
    .map((id) => ({ id, logProbability: logits[id]! - top - logTotal }));
}
