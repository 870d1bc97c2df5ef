// The rounds: every engine with every shape once a round, by turns, so that what changes on the machine meanwhile meets
// all of them alike.
import { formatDuration, formatRate } from "../../src/format.ts";
import type { Engine } from "./engines/registry.ts";
import type { PeerOptions } from "./options.ts";
import type { Results, Run } from "./results.ts";
import { runEngine } from "./run.ts";
import { placeTitles } from "./table.ts";

/** An engine and a shape that are measured in every round. */
interface Turn {
  engine: Engine;
  shape: string;
}

/**
 * Measures and adds to `results`, yielding after each round. An engine that fails twice with a shape is left out of the
 * later rounds; the others go on. Ends early when `signal` aborts.
 */
export async function* compareInRounds(
  options: PeerOptions,
  results: Results,
  readBandwidth: () => Promise<number>,
  signal: AbortSignal,
  write: (text: string) => void,
): AsyncGenerator<number> {
  const turns = options.shapes.flatMap((shape) => options.engines.map((engine): Turn => ({ engine, shape })));
  const clock = new TurnClock();
  for (let round = 1; round <= options.rounds && !signal.aborted; round++) {
    const bandwidth = await readBandwidth();
    results.bandwidthGBps.push(bandwidth);
    const reads = `the machine reads ${formatRate(bandwidth)} GB/s with ${options.threads} threads`;
    write(`Round ${round} of ${options.rounds}; ${reads}\n`);
    const order = turnsOfRound(turns, results.runs, round);
    for (const [i, turn] of order.entries()) {
      if (signal.aborted) break;
      write(`  ${i + 1}/${order.length} ${turn.shape}, ${turn.engine.title}, ${placeTitles[turn.engine.place]} … `);
      const started = performance.now();
      const run = await measure(turn, round, options, signal);
      if (signal.aborted) break;
      results.runs.push(run);
      clock.record(turn, (performance.now() - started) / 1000);
      const later = Array.from({ length: options.rounds - round }, () => order).flat();
      const left = formatDuration(clock.secondsFor([...order.slice(i + 1), ...later]));
      write(`${describe(run)} (${left} left)\n`);
    }
    yield round;
  }
}

/** The turns of a round: in order, or backwards in every second one, without what failed twice before. */
export function turnsOfRound(turns: readonly Turn[], runs: readonly Run[], round: number): Turn[] {
  const failed = ({ engine, shape }: Turn) =>
    runs.filter((run) => run.engine === engine.name && run.shape === shape && run.error !== undefined).length >= 2;
  const order = turns.filter((turn) => !failed(turn));
  return round % 2 === 0 ? order.reverse() : order;
}

async function measure(
  { engine, shape }: Turn,
  round: number,
  options: PeerOptions,
  signal: AbortSignal,
): Promise<Run> {
  const { threads, models, measure } = options;
  const run = { shape, engine: engine.name, round };
  try {
    return { ...run, report: await runEngine(engine, { shape, threads, models, options: measure, signal }) };
  } catch (error) {
    return { ...run, error: error instanceof Error ? error.message : String(error) };
  }
}

function describe({ report, error }: Run): string {
  if (report === undefined) return `failed: ${error?.split("\n")[0]}`;
  const speeds = report.speeds.map(({ tokens, prefill, decode }) => {
    return `${formatRate(prefill)}${decode === null ? "" : ` / ${formatRate(decode)}`} at ${tokens}`;
  });
  return `prefill / decode ${speeds.join(", ")} tok/s`;
}

/** How long turns take: what they took last, or the average of those that are known. */
class TurnClock {
  private readonly taken = new Map<string, number>();

  record({ engine, shape }: Turn, seconds: number): void {
    this.taken.set(`${engine.name} ${shape}`, seconds);
  }

  /** Seconds for these turns, once one is known. */
  secondsFor(turns: readonly Turn[]): number {
    const average = [...this.taken.values()].reduce((a, b) => a + b, 0) / this.taken.size;
    return turns.reduce((sum, { engine, shape }) => sum + (this.taken.get(`${engine.name} ${shape}`) ?? average), 0);
  }
}
