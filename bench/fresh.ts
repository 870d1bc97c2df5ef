// Rounds of measurements in fresh processes: each variant of a bench runs alone in a process of its own, the order
// reversed every other round, so that neither warm caches nor a slow minute favour one.
import { execFileSync } from "node:child_process";
import { availableParallelism, cpus } from "node:os";

/**
 * Runs this script again per variant and round with `--variant name` (and `flags` for node); it must print one JSON value.
 * Results by variant.
 */
export function measureInTurns<T>(variants: readonly string[], rounds: number, flags: string[] = []): Map<string, T[]> {
  const results = new Map<string, T[]>(variants.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? variants : variants.toReversed()) {
      const args = [...process.execArgv, ...flags, ...process.argv.slice(1), "--variant", name];
      const output = execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
      results.get(name)!.push(JSON.parse(output) as T);
    }
  }
  return results;
}

/** What a measurement was made on, for the head of a table. */
export function setting(threads: number, rounds: number): Record<string, string> {
  return {
    device: `${cpus()[0]?.model.trim() ?? "unknown processor"}, ${availableParallelism()} cores`,
    node: process.version,
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim(),
    threads: `${threads} ${threads === 1 ? "thread" : "threads"}`,
    rounds: `${rounds} rounds in fresh processes`,
  };
}

/** Middle of numbers; of two middle ones, their mean. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
}
