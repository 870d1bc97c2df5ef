// F1 over several classes, as scikit-learn averages it: what many tasks of the harness say in a function of their own.
import type { SampleValue } from "../twins.ts";

/**
 * The mean over the classes: of equal weight (`macro`), by how often each is right (`weighted`); or of all answers together
 * (`micro`). Values are pairs of the right class and the chosen one.
 */
export function averageF1(average: "macro" | "weighted" | "micro"): (values: readonly SampleValue[]) => number {
  return (values) => {
    const pairs = values as readonly (readonly [number, number])[];
    if (average === "micro") return pairs.filter(([right, chosen]) => right === chosen).length / pairs.length;
    const classes = [...new Set(pairs.flat())];
    const weights = classes.map((one) => (average === "macro" ? 1 : pairs.filter(([right]) => right === one).length));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return classes.reduce((sum, one, i) => sum + (weights[i]! / total) * f1Of(one, pairs), 0);
  };
}

function f1Of(one: number, pairs: readonly (readonly [number, number])[]): number {
  const both = pairs.filter(([right, chosen]) => right === one && chosen === one).length;
  const either = pairs.filter(([right]) => right === one).length + pairs.filter(([, chosen]) => chosen === one).length;
  return both === 0 ? 0 : (2 * both) / either;
}
