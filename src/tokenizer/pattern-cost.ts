// What a pattern is made of, and how much work its matching may be for a text of n characters. JavaScript's engine tries
// alternatives one after the other: (a+)+b takes 2^n steps, a*a*a*b takes n^3. Such patterns are refused.

/** A parsed pattern. A set matches one character; its source is JavaScript's. */
export type Node =
  | { kind: "set"; source: string }
  | { kind: "assert"; source: string }
  | { kind: "sequence"; nodes: readonly Node[] }
  | { kind: "choice"; nodes: readonly Node[] }
  | { kind: "look"; sign: string; node: Node }
  | { kind: "repeat"; node: Node; min: number; max: number; mode: "greedy" | "lazy" | "possessive" };

/** How often something is repeated; `braces`: written as {1,3}. */
export interface Bound {
  min: number;
  max: number;
  braces: boolean;
}

// From here on a repetition counts as one without an end.
const long = 32;

/** The bound as both syntaxes write it. */
export function bounds(min: number, max: number): string {
  if (min === 0 && max === 1) return "?";
  return min === max ? `{${min}}` : `{${min},${max === Infinity ? "" : max}}`;
}

/** Whether a part matches in one way only, and so many characters. */
export function isFixed(node: Node): boolean {
  if (node.kind === "set" || node.kind === "assert") return true;
  if (node.kind === "sequence") return node.nodes.every(isFixed);
  return node.kind === "repeat" && node.min === node.max && isFixed(node.node);
}

/** Why a pattern is too slow, to go on after its name; null where it is not. */
export function rejectSlow(node: Node): string | null {
  if (hasAmbiguousRepeat(node)) return "repeats what can match in several ways; matching it may never end";
  if (paths(node) > 4096) return "has too many ways to match";
  return cost(node) > 2 ? "has too many repetitions one after the other; matching it may take too long" : null;
}

function parts(node: Node): readonly Node[] {
  if (node.kind === "sequence" || node.kind === "choice") return node.nodes;
  return node.kind === "look" || node.kind === "repeat" ? [node.node] : [];
}

function hasAmbiguousRepeat(node: Node): boolean {
  if (node.kind === "repeat" && node.max > 1 && !isFixed(node.node)) return true;
  return parts(node).some(hasAmbiguousRepeat);
}

// The power of n that matching at every place of a text may take: one for the places, one for each repetition without an
// end after which something may still fail.
function cost(node: Node): number {
  const alternatives = node.kind === "choice" ? node.nodes : [node];
  return 1 + Math.max(...alternatives.map((path) => fallibleRepeats(path, false)));
}

function fallibleRepeats(node: Node, mayFailAfter: boolean): number {
  if (node.kind === "choice") return Math.max(...node.nodes.map((inner) => fallibleRepeats(inner, mayFailAfter)));
  if (node.kind === "look") return fallibleRepeats(node.node, true);
  if (node.kind === "repeat") {
    if (node.max === 1) return fallibleRepeats(node.node, mayFailAfter);
    return mayFailAfter && node.max !== node.min && node.max > long && node.mode !== "possessive" ? 1 : 0;
  }
  if (node.kind !== "sequence") return 0;
  let total = 0;
  let fails = mayFailAfter;
  for (const inner of node.nodes.toReversed()) {
    total += fallibleRepeats(inner, fails);
    fails ||= mayFail(inner);
  }
  return total;
}

function mayFail(node: Node): boolean {
  return !(node.kind === "repeat" && node.min === 0) && !(node.kind === "sequence" && !node.nodes.some(mayFail));
}

// Short repetitions and alternatives multiply: a?a?a? … has 2^n ways.
function paths(node: Node): number {
  if (node.kind === "choice") return node.nodes.reduce((sum, inner) => sum + paths(inner), 0);
  if (node.kind === "sequence") return node.nodes.reduce((product, inner) => product * paths(inner), 1);
  if (node.kind === "look") return paths(node.node);
  if (node.kind !== "repeat") return 1;
  const choices = node.max > long ? 1 : node.max - node.min + 1;
  return choices * paths(node.node);
}
