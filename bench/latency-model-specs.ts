// Architectures for bench/latency-model.ts: a seeded draw over the shapes of published small models.
import { createRandom } from "../src/random.ts";
import { countParameters } from "../src/spec/arithmetic.ts";
import { createSpec, type Spec } from "../src/spec/spec.ts";

/** Draws `count` architectures of `least` to `most` parameters, evenly over the logarithm: one per equal step of it. */
export function drawArchitectures(count: number, seed: number, least: number, most: number): Spec[] {
  return Array.from({ length: count }, (_, i) => {
    const random = createRandom(seed, "architecture", i);
    const from = least * (most / least) ** (i / count);
    const to = least * (most / least) ** ((i + 1) / count);
    for (;;) {
      const spec = draw(random);
      const { total } = countParameters(spec);
      if (total >= from && total <= to) return spec;
    }
  });
}

function draw(random: ReturnType<typeof createRandom>): Spec {
  const headSize = random.pick([64, 64, 80, 96, 128]);
  const heads = random.pick([6, 8, 9, 12, 15, 16, 20, 24, 32]);
  const width = heads * headSize;
  const groups = [1, 2, 3, 4, 5, 8].filter((group) => heads % group === 0);
  return createSpec({
    layers: 6 + random.below(45),
    width,
    ffnWidth: 32 * Math.round((width * (2 + 3 * random.float())) / 32),
    heads,
    kvHeads: heads / random.pick(groups),
    vocabulary: random.pick([32000, 49152, 65536, 100352, 151936]),
    activation: random.pick(["relu", "silu"]),
    tiedEmbeddings: random.pick([true, false]),
    layerRepeat: random.pick([1, 1, 1, 2]),
    context: 2048,
  });
}
