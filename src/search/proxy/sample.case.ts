// A text and some architectures for tests of proxies.
import { createRandom } from "../../random.ts";
import { createSpec, type Spec } from "../../spec/spec.ts";

/** Too small to say anything, but quickly trained. */
export const tinySizes = { least: 1e4, most: 2e4, tokensPerWeight: 2 };

/** About 80,000 characters in which the next word depends on the one before. */
export function sampleText(): string {
  const random = createRandom(11);
  const words = Array.from({ length: 60 }, () =>
    Array.from({ length: 2 + random.below(6) }, () => "abcdefghijklmnop"[random.below(16)]).join(""),
  );
  const next = words.map(() => Array.from({ length: 4 }, () => random.below(words.length)));
  const lines: string[] = [];
  for (let line = 0; line < 1500; line++) {
    let at = random.below(words.length);
    const spoken = Array.from({ length: 10 }, () => words[(at = random.pick(next[at]!))]!);
    lines.push(`${spoken.join(" ")}.`);
  }
  return lines.join("\n");
}

/** Four shapes of about 100 M from shallow to deep. */
export function sampleTargets(): Spec[] {
  return [2, 6, 14, 40].map((layers) => {
    const width = 64 * Math.round(Math.sqrt(1e8 / 12 / layers) / 64);
    return createSpec({ layers, width, ffnWidth: 64 * Math.round(width / 24), heads: width / 64, vocabulary: 32_000 });
  });
}
