// What the embeddings of a call model begin with: vectors from the queries' words and the calls that they lead to.
import type { InitialVectors } from "../model/initialize.ts";
import { wordVectors } from "../model/word-vectors.ts";
import type { Spec } from "../spec/spec.ts";
import type { TrainRecipe } from "../train/recipe.ts";
import type { PreparedData } from "./data.ts";

/** Training sets that are counted, where the data is generated: rare words need more than one. */
const draws = 3;

/** The word vectors that `recipe` asks for; none without its `wordVectors`. Deterministic by the recipe's seed. */
export function initialVectors(
  { dataset, codec, redraw }: Pick<PreparedData, "dataset" | "codec" | "redraw">,
  { vocabulary, width }: Spec,
  { wordVectors: share, seed }: Pick<TrainRecipe, "wordVectors" | "seed">,
  onProgress?: (done: number, total: number) => void,
): InitialVectors | undefined {
  if (share === 0) return undefined;
  const samples = [dataset.train];
  if (redraw) for (let draw = 1; draw < draws; draw++) samples.push(redraw(draw));
  const structure = new Set(codec.structure);
  const texts = samples.flat().map(({ query, answers }) => ({
    tokens: codec.prompt(query).slice(1, -1),
    labels: codec.answer(answers).filter((id) => structure.has(id)),
  }));
  return { rows: wordVectors(texts, vocabulary, width, seed, onProgress), share };
}
