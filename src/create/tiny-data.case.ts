// Call data that a model of a few thousand parameters learns in a second: for tests of everything around learning.
import { writeFileSync } from "node:fs";
import { createRandom } from "../random.ts";

const songs = ["yesterday", "thriller", "hello", "imagine", "creep", "africa"];

/** Lines in DroidCall's format: two functions, a number and a copied word. */
export function tinyCallLines(count: number): string[] {
  const random = createRandom(4, "tiny calls");
  return Array.from({ length: count }, (_, i) => {
    const hour = random.below(24);
    const song = random.pick(songs);
    const [query, name, args] =
      i % 2 === 0
        ? [`${random.pick(["wake me", "get me up", "alarm"])} at ${hour} number ${i}`, "set_alarm", { hour }]
        : [`${random.pick(["play", "put on", "start"])} ${song} number ${i}`, "play", { song }];
    return JSON.stringify({ query, answers: [{ name, arguments: args }] });
  });
}

/** Writes them to a file and returns its path. */
export function writeTinyCalls(path: string, count = 240): string {
  writeFileSync(path, `${tinyCallLines(count).join("\n")}\n`);
  return path;
}
