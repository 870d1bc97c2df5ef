// Searches a space that is too large to enumerate: NSGA-II (Deb et al. 2002) over the space's axes, with the cautious loss
// and the objective as its two costs. A child that misses the budget in parameters is mended by its FFN width, which is drawn from
// those that meet it; where there is none the child is drawn again. The same seed makes the same search.
import { createRandom, type Random } from "../random.ts";
import { type LookOptions, pause } from "./enumerate.ts";
import type { Evaluated } from "./evaluate.ts";
import { rankByPareto } from "./pareto.ts";
import { type Budget, headsOf, kvHeadsOf, type ShapeCode, type Space, stemOf } from "./space.ts";

/** Options of {@link evolveShapes}. */
export interface EvolveOptions extends LookOptions {
  seed: number;
  /** Shapes to judge in all. Default 60,000. */
  evaluations?: number | undefined;
  /** Shapes that live at a time. Default 400. */
  population?: number | undefined;
}

/** Genes: positions on the axes; heads, key/value heads and FFN as fractions of what the others allow. */
interface Genes {
  layers: number;
  width: number;
  heads: number;
  kvHeads: number;
  ffn: number;
  variant: number;
}

/** Judges the shapes of a run of evolution. @throws HandheldError `aborted` */
export async function evolveShapes(evaluated: Evaluated, budget: Budget, options: EvolveOptions): Promise<void> {
  const { seed, evaluations = 60_000, population = 400, signal, onProgress } = options;
  const random = createRandom(seed, "evolve");
  const run = new Evolution(evaluated, budget, random);
  for (let attempts = 0; run.size < population && attempts < 200 * population; attempts++) run.admit(drawGenes(random));
  let attempts = 0;
  while (run.size >= 2 && evaluated.seen < evaluations && attempts < 4 * evaluations) {
    const parents = run.parents();
    for (let i = 0; i < population && evaluated.seen < evaluations; i++, attempts++) {
      run.admit(mutate(cross(parents(), parents(), random), random));
    }
    run.cull(population);
    await pause(Math.min(evaluated.seen, evaluations), evaluations, signal, onProgress);
  }
}

class Evolution {
  private readonly evaluated: Evaluated;
  private readonly budget: Budget;
  private readonly random: Random;
  private living: { genes: Genes; index: number }[] = [];
  private readonly known = new Set<string>();

  constructor(evaluated: Evaluated, budget: Budget, random: Random) {
    this.evaluated = evaluated;
    this.budget = budget;
    this.random = random;
  }

  get size(): number {
    return this.living.length;
  }

  /** Judges what the genes make, where that is a shape of the space that was not seen before. */
  admit(genes: Genes): void {
    const code = express(this.evaluated.space, this.budget, genes);
    if (code === null) return;
    const key = Object.values(code).join();
    if (this.known.has(key)) return;
    this.known.add(key);
    const index = this.evaluated.add(code);
    if (index >= 0) this.living.push({ genes, index });
  }

  /** A function that picks parents: the better of two drawn ones. */
  parents(): () => Genes {
    const { front, distance } = this.ranks();
    const better = (a: number, b: number) =>
      front[a]! < front[b]! || (front[a] === front[b] && distance[a]! >= distance[b]!) ? a : b;
    const living = this.living;
    const draw = () => this.random.below(living.length);
    return () => living[better(draw(), draw())]!.genes;
  }

  /** Keeps the best. */
  cull(most: number): void {
    if (this.living.length <= most) return;
    const { front, distance } = this.ranks();
    const order = [...this.living.keys()].sort((a, b) => front[a]! - front[b]! || distance[b]! - distance[a]! || a - b);
    this.living = order.slice(0, most).map((i) => this.living[i]!);
  }

  private ranks() {
    const { cautious, cost } = this.evaluated;
    return rankByPareto(
      this.living.map(({ index }) => cautious[index]!),
      this.living.map(({ index }) => cost[index]!),
    );
  }
}

function drawGenes(random: Random): Genes {
  const one = () => random.float();
  return { layers: one(), width: one(), heads: one(), kvHeads: one(), ffn: one(), variant: one() };
}

function cross(a: Genes, b: Genes, random: Random): Genes {
  const pick = (key: keyof Genes) => (random.below(2) === 0 ? a : b)[key];
  return {
    layers: pick("layers"),
    width: pick("width"),
    heads: pick("heads"),
    kvHeads: pick("kvHeads"),
    ffn: pick("ffn"),
    variant: pick("variant"),
  };
}

// Each gene moves a little with a probability of a third, and anywhere with one of a thirtieth.
function mutate(genes: Genes, random: Random): Genes {
  const moved = { ...genes };
  for (const key of Object.keys(moved) as (keyof Genes)[]) {
    const draw = random.below(30);
    if (draw === 0) moved[key] = random.float();
    else if (draw <= 10) moved[key] = Math.min(1 - 1e-9, Math.max(0, moved[key] + 0.05 * random.normal()));
  }
  return moved;
}

function express(space: Space, budget: Budget, genes: Genes): ShapeCode | null {
  const at = <T>(values: readonly T[], gene: number) => values[Math.floor(gene * values.length)]!;
  const layers = at(space.layers, genes.layers);
  const width = at(space.width, genes.width);
  const variant = Math.floor(genes.variant * space.variants.length);
  const heads = headsOf(space, width);
  if (heads.length === 0) return null;
  const chosen = at(heads, genes.heads);
  const kvHeads = kvHeadsOf(space, chosen);
  if (kvHeads.length === 0) return null;
  const stem = stemOf(space, budget, { layers, width, heads: chosen, kvHeads: at(kvHeads, genes.kvHeads), variant });
  if (stem === null) return null;
  const { ffnFrom, ffnTo, ...rest } = stem;
  const steps = (ffnTo - ffnFrom) / space.ffnStep;
  return { ...rest, ffnWidth: ffnFrom + space.ffnStep * Math.floor(genes.ffn * (steps + 1)) };
}
