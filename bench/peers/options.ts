// The command line of npm run bench:peers.
import { parseArgs } from "node:util";
import { HandheldError } from "../../src/errors.ts";
import { defaultThreads } from "../../src/kernels/index.ts";
import { type Engine, engines, findEngine } from "./engines/registry.ts";
import type { MeasureOptions } from "./measure.ts";
import { shapeNames, shapeSpec } from "./shapes.ts";

/** What is asked for. */
export interface PeerOptions {
  shapes: readonly string[];
  engines: readonly Engine[];
  rounds: number;
  threads: number;
  /** Folder for model files. */
  models: string;
  /** Folder for results. */
  out: string;
  measure: MeasureOptions;
}

/** Where things go by default. */
export interface DefaultFolders {
  models: string;
  out: string;
  /** Results of `--quick`, which must not replace real ones. */
  quickOut: string;
}

/** The help text. */
export const help = `npm run bench:peers -- [options]

  --rounds <n>       rounds, each in fresh processes and the other way round than the last (5)
  --shapes <list>    ${shapeNames.join(", ")} (all)
  --engines <list>   ${engines.map(({ name }) => name).join(", ")} (all)
  --prefill <list>   lengths of prompts (256,1024)
  --decode <list>    contexts to decode behind (64,1024)
  --threads <n>      threads of every engine (the machine's cores, at most 8)
  --quick            one round of MobileLLM-125M with short prompts: to see that everything works
  --models <folder>  where the model files are kept, 3.5 GB for all shapes (a folder of the system's temporary files)
  --out <folder>     where results go (bench/peers/results)
  --help             this text
`;

/** Reads the arguments; null when the help is asked for. @throws HandheldError `invalid-option` */
export function readOptions(args: readonly string[], folders: DefaultFolders): PeerOptions | null {
  const values = parse(args);
  if (values.help) return null;
  const { quick } = values;
  const shapes = list(values.shapes, quick ? ["MobileLLM-125M"] : shapeNames);
  for (const shape of shapes) shapeSpec(shape);
  const names = engines.map(({ name }) => name);
  const numbers = (name: "prefill" | "decode", standard: readonly number[]) =>
    values[name]?.split(",").map((value) => whole(name, value, 1024)) ?? standard;
  return {
    shapes,
    engines: list(values.engines, names).map(findEngine),
    rounds: values.rounds === undefined ? (quick ? 1 : 5) : whole("rounds", values.rounds, 1000),
    threads: values.threads === undefined ? defaultThreads() : whole("threads", values.threads, 64),
    models: values.models ?? folders.models,
    out: values.out ?? (quick ? folders.quickOut : folders.out),
    measure: {
      prefill: numbers("prefill", quick ? [64] : [256, 1024]),
      decode: numbers("decode", quick ? [64] : [64, 1024]),
      repeats: quick ? 3 : 5,
      budgetSeconds: quick ? 2 : 6,
    },
  };
}

function parse(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const options = {
    ...{ rounds: text, shapes: text, engines: text, prefill: text, decode: text, threads: text, models: text },
    ...{ out: text, quick: flag, help: flag },
  };
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (cause) {
    throw new HandheldError("invalid-option", `${(cause as Error).message}; see --help`, { cause });
  }
}

function list(given: string | undefined, all: readonly string[]): readonly string[] {
  return given?.split(",").map((name) => name.trim()) ?? all;
}

function whole(name: string, value: string, most: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw new HandheldError("invalid-option", `--${name} takes whole numbers from 1 to ${most}, got "${value}"`);
}
