// Feeds a reader mutated inputs and holds it to what every reader here promises: a value or a HandheldError of one short
// line, soon, and without reserving memory that the input merely claims to need. Inputs follow from a seed and their
// number alone. `npm test` takes a few thousand of each kind; FUZZ_INPUTS=100000 npx vitest run test/fuzz takes more,
// FUZZ_SEED=7 others, FUZZ_REPORT=1 prints what came of them.
import { HandheldError } from "../../src/errors.ts";
import { createRandom, type Random } from "../../src/random.ts";
import { meterAllocations } from "./allocations.ts";

/** A reader under test. */
export interface FuzzTarget {
  name: string;
  /** Makes one input. */
  make(random: Random): FuzzInput;
}

/** One input. */
export interface FuzzInput {
  /** Its size, which bounds what may be reserved for it. */
  sizeBytes: number;
  /** Lets the reader read it. */
  read(): Promise<void>;
}

/** What came of the inputs. */
export interface FuzzOutcome {
  inputs: number;
  /** Inputs that were read without an error. */
  read: number;
  /** Errors by their code. */
  refused: Record<string, number>;
  /** Escaped errors, broken promises: empty when all is well. */
  findings: string[];
  slowestMs: number;
  /** The input that took so long. */
  slowest: number;
  /** Most bytes reserved for one input in arrays of numbers. */
  mostBytes: number;
}

const seed = Number(process.env.FUZZ_SEED ?? 1);

/** Inputs to try: FUZZ_INPUTS, or `few` where it is not set. */
export function inputCount(few: number): number {
  return Number(process.env.FUZZ_INPUTS ?? few);
}

// Far above what any input takes, also on a busy machine: it tells a hang from a reader that is merely slow.
const hangMs = 20_000;
const longestMessage = 2000;

/** Tries `inputs` inputs; stops after ten findings. */
export async function fuzz(target: FuzzTarget, inputs: number): Promise<FuzzOutcome> {
  const outcome: FuzzOutcome = { inputs, read: 0, refused: {}, findings: [], slowestMs: 0, slowest: 0, mostBytes: 0 };
  for (let i = 0; i < inputs && outcome.findings.length < 10; i++) {
    const input = target.make(createRandom(seed, target.name, i));
    const { finding, code, ms, bytes } = await attempt(input);
    if (finding !== null) outcome.findings.push(`seed ${seed}, input ${i}: ${finding}`);
    if (code === null) outcome.read++;
    else outcome.refused[code] = (outcome.refused[code] ?? 0) + 1;
    if (ms > outcome.slowestMs) outcome.slowest = i;
    outcome.slowestMs = Math.max(outcome.slowestMs, ms);
    outcome.mostBytes = Math.max(outcome.mostBytes, bytes);
  }
  if (process.env.FUZZ_REPORT) console.log(target.name, JSON.stringify(outcome), `${rssMiB()} MiB at most`);
  return outcome;
}

/** What comes of one input; `finding` is null when the reader keeps its promises. */
export async function attempt({ sizeBytes, read }: FuzzInput) {
  const meter = meterAllocations();
  const started = performance.now();
  let error: unknown = null;
  try {
    await read();
  } catch (thrown) {
    error = thrown;
  }
  const ms = performance.now() - started;
  const bytes = meter.stop();
  const code = error === null ? null : error instanceof HandheldError ? error.code : "escaped";
  return { finding: findingOf(error, ms, bytes, sizeBytes), code, error, ms, bytes };
}

function findingOf(error: unknown, ms: number, bytes: number, sizeBytes: number): string | null {
  // Four-bit weights become floats of eight times the size, and bytes are read in portions of a megabyte.
  if (bytes > 16 * sizeBytes + 4 * 2 ** 20) return `${bytes} bytes reserved for an input of ${sizeBytes}`;
  if (ms > hangMs) return `took ${Math.round(ms)} ms`;
  if (error === null) return null;
  if (!(error instanceof HandheldError)) return `${String((error as Error)?.stack ?? error).slice(0, 1500)}`;
  if (error.code === "io" || error.code === "out-of-memory") return `${error.code}: ${error.message}`;
  if (error.message.length > longestMessage)
    return `message of ${error.message.length}: ${error.message.slice(0, 300)}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(error.message)) return `control characters: ${JSON.stringify(error.message)}`;
  return null;
}

function rssMiB(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}
