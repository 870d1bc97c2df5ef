// Retrieval of functions: recall@k and MRR on held-out queries, and its time, in catalogues of 24, 1,000 and 10,000 functions.
// The further ones are made from the real schemas: words of names and descriptions are exchanged for words of other trades, half
// of them, so that they look like what a phone full of apps offers and none does what a query asks.
// Run: npm exec -- node bench/retrieve.ts [folder of SNIPS, default ../shared/data/snips]
import { existsSync } from "node:fs";
import {
  createRetriever,
  type FunctionSchema,
  generateDataset,
  loadCalls,
  type Sample,
  scoreRetrieval,
} from "../src/functions/index.ts";
import { createRandom } from "../src/random.ts";

const trades =
  `account invoice ledger loan mortgage refund voucher coupon parcel courier pallet warehouse recipe oven pantry diet
calorie workout treadmill yoga pulse sleep dose pharmacy clinic vaccine passport visa boarding luggage cabin hotel taxi scooter
fuel tyre parking toll garden seed compost sprinkler thermostat boiler solar meter lamp curtain doorbell vacuum dishwasher lesson
homework quiz grade lecture library essay thesis podcast novel chapter lyric chord metronome canvas sketch filter collage sticker
auction bid listing seller basket wishlist tournament league referee score trophy puzzle avatar quest guild petition ballot tax
pension payslip shift roster vacancy resume interview contract lawsuit notary will deed lease plumber mason roof tile paint fence
puppy leash kennel saddle stable tractor harvest vineyard cellar brewery bakery florist barber salon tailor laundry shoe ticket
museum gallery opera circus zoo aquarium trail summit harbour sail anchor kayak glacier avalanche volcano comet telescope orbit`.split(
    /\s+/,
  );

/** `count` functions that are not in the catalogue. */
function distractors(real: readonly FunctionSchema[], count: number): FunctionSchema[] {
  const random = createRandom(1, "distractors");
  const exchange = (text: string) =>
    text.replace(/\p{L}{4,}/gu, (word) => (random.float() < 0.5 ? random.pick(trades) : word));
  return Array.from({ length: count }, (_, i): FunctionSchema => {
    const { name, description = "", parameters } = random.pick(real);
    const properties = Object.entries(parameters.properties).map(([key, schema]) => {
      return [exchange(key), { ...schema, description: exchange(schema.description ?? "") }] as const;
    });
    const [verb = "do"] = name.split("_");
    return {
      name: `${verb}_${random.pick(trades)}_${random.pick(trades)}_${i}`,
      description: exchange(description),
      parameters: { type: "object", properties: Object.fromEntries(properties) },
    };
  });
}

interface Set {
  name: string;
  functions: readonly FunctionSchema[];
  train: readonly Sample[];
  test: readonly Sample[];
}

const generated = generateDataset({ samples: 10_000, seed: 1 });
const sets: Set[] = [{ name: "generated", ...generated }];
const snips = process.argv[2] ?? "../shared/data/snips";
if (existsSync(snips)) sets.push({ name: "SNIPS", ...(await loadCalls(snips)).dataset });
else console.log(`no SNIPS in ${snips}: left out`);

const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
const milliseconds = (value: number) => value.toFixed(value < 1 ? 3 : 0);
console.log(
  "| data | functions | examples | recall@1 | @2 | @4 | @8 | MRR | index, ms | query, ms (median of 5 rounds, spread) |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
for (const { name, functions, train, test } of sets) {
  for (const size of [functions.length, 1000, 10_000]) {
    const catalogue = [...distractors([...generated.functions, ...functions], size - functions.length), ...functions];
    for (const examples of [[], train]) {
      const start = performance.now();
      const retriever = createRetriever(catalogue, { examples });
      const built = performance.now() - start;
      const { recall, meanReciprocalRank } = scoreRetrieval(retriever, test);
      const rounds = Array.from({ length: 5 }, () => {
        const begin = performance.now();
        for (const { query } of test) retriever.rank(query, 4);
        return (performance.now() - begin) / test.length;
      }).sort((a, b) => a - b);
      const spread = (rounds.at(-1)! - rounds[0]!) / rounds[2]!;
      const time = `${milliseconds(rounds[2]!)} (${Math.round(100 * spread)} %)`;
      const shares = [1, 2, 4, 8].map((limit) => percent(recall[limit]!));
      const cells = [name, size, examples.length, ...shares, meanReciprocalRank.toFixed(3), milliseconds(built), time];
      console.log(`| ${cells.join(" | ")} |`);
    }
  }
}
