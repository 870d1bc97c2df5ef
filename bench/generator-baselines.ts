// How hard is the generated test split? Two baselines that only name the functions, trained on the training split:
// the nearest neighbour by TF-IDF (rises when test queries repeat training ones: a test set that is too easy) and a
// linear classifier on words and word pairs (falls when the words do not tell the function: one that is too hard).
// Run: npm exec -- node bench/generator-baselines.ts [seeds, default 1]

import { type CallDataset, generateDataset, type Sample } from "../src/functions/index.ts";

/** The label to guess: names of the functions in order. */
const labelOf = (sample: Sample): string => sample.answers.map((call) => call.name).join("+");

/** Words of a query; numbers and addresses are abstracted, since no baseline can know them. */
function words(query: string): string[] {
  return (
    query
      .toLowerCase()
      .replace(/content:\S+/g, " <uri> ")
      .replace(/\S+@\S+/g, " <mail> ")
      .replace(/[+(]?\d[\d\s().-]{5,}\d/g, " <phone> ")
      .replace(/\d+/g, " <n> ")
      .match(/<\w+>|[a-z']+|[?":]/g) ?? []
  );
}

const unigrams = (query: string): Set<string> => new Set(words(query));

function bigrams(query: string): Set<string> {
  const list = ["<s>", ...words(query)];
  return new Set([...list, ...list.slice(1).map((word, i) => `${list[i]} ${word}`)]);
}

/** Share of `samples` whose label is guessed, over all and over those with one call. */
function score(samples: Sample[], guess: (query: string) => string): { all: number; simple: number } {
  const right = (list: Sample[]): number => list.filter((s) => guess(s.query) === labelOf(s)).length / list.length;
  return { all: right(samples), simple: right(samples.filter((s) => s.answers.length === 1)) };
}

function nearestNeighbour({ train }: CallDataset): (query: string) => string {
  const documents = train.map((sample) => unigrams(sample.query));
  const postings = new Map<string, number[]>();
  documents.forEach((document, i) => {
    for (const word of document) postings.set(word, [...(postings.get(word) ?? []), i]);
  });
  const weight = (word: string): number => Math.log((train.length + 1) / ((postings.get(word)?.length ?? 0) + 1)) ** 2;
  const norms = documents.map((d) => Math.sqrt([...d].reduce((sum, word) => sum + weight(word), 0)) + 1e-9);
  return (query) => {
    const scores = new Float64Array(train.length);
    for (const word of unigrams(query)) {
      for (const i of postings.get(word) ?? []) scores[i] = (scores[i] as number) + weight(word) / (norms[i] as number);
    }
    return labelOf(train[scores.indexOf(Math.max(...scores))] as Sample);
  };
}

function linearClassifier({ train }: CallDataset, epochs = 12): (query: string) => string {
  const labels = [...new Set(train.map(labelOf))];
  const weights = new Map<string, Float32Array>();
  const logits = (features: Iterable<string>): Float64Array => {
    const out = new Float64Array(labels.length);
    for (const feature of features) {
      weights.get(feature)?.forEach((weight, k) => {
        out[k] = (out[k] as number) + weight;
      });
    }
    return out;
  };
  const examples = train.map((s) => ({ features: bigrams(s.query), label: labels.indexOf(labelOf(s)) }));
  for (let epoch = 0; epoch < epochs; epoch++) {
    const rate = 0.3 * (1 - epoch / epochs);
    for (const { features, label } of examples) {
      const scores = logits(features);
      const top = Math.max(...scores);
      const exps = scores.map((x) => Math.exp(x - top));
      const sum = exps.reduce((a, b) => a + b, 0);
      const step = exps.map((e, k) => (rate * ((k === label ? 1 : 0) - e / sum)) / Math.sqrt(features.size));
      for (const feature of features) {
        const row = weights.get(feature) ?? new Float32Array(labels.length);
        weights.set(feature, row);
        step.forEach((change, k) => {
          row[k] = (row[k] as number) + change;
        });
      }
    }
  }
  return (query) => {
    const scores = logits(bigrams(query));
    return labels[scores.indexOf(Math.max(...scores))] as string;
  };
}

const percent = ({ all, simple }: { all: number; simple: number }): string =>
  `${(100 * all).toFixed(1)} % of all queries, ${(100 * simple).toFixed(1)} % of those with one call`;

for (let seed = 1; seed <= Number(process.argv[2] ?? 1); seed++) {
  const dataset = generateDataset({ seed });
  console.log(`seed ${seed}, function names on the test split`);
  console.log(`  nearest neighbour  ${percent(score(dataset.test, nearestNeighbour(dataset)))}`);
  const linear = linearClassifier(dataset);
  console.log(`  linear classifier  ${percent(score(dataset.test, linear))}`);
  console.log(`  … on validation    ${percent(score(dataset.validation, linear))}`);
}
