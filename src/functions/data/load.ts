// Finds out what kind of call data a path holds, loads it and checks it against the functions. The only file here
// that touches the disk.

import { DataError, HandheldError, ioError } from "../../errors.ts";
import { inferSchemas } from "../infer.ts";
import { parseFunctions } from "../schema.ts";
import type { FunctionSchema, Sample } from "../types.ts";
import { validateCalls } from "../validate.ts";
import { type LocatedSample, parseDroidCall } from "./droidcall.ts";
import { parseSnips } from "./snips.ts";
import { splitSamples, withoutDuplicates } from "./split.ts";
import { BadLines, type LoadedCalls, type LoadOptions, SPLITS, type Split } from "./types.ts";

/** Names under which a split is found, besides its own. */
const ALIASES: Record<Split, readonly string[]> = {
  train: ["train"],
  validation: ["validation", "valid", "dev"],
  test: ["test"],
};

type Splits = Record<Split, LocatedSample[]>;

/** What a reader of a path found. */
interface Found {
  splits: Splits;
  tools: FunctionSchema[];
  duplicates: number;
}

async function readText(path: string): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw ioError("read", path, cause);
  }
}

async function listFolder(path: string): Promise<string[] | null> {
  const { readdir } = await import("node:fs/promises");
  try {
    return await readdir(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOTDIR") return null;
    throw ioError("read", path, cause);
  }
}

/**
 * Loads call data: a file of JSON lines (DroidCall's format; split 80/10/10 by `seed`, repeated queries left out), a
 * folder of `train`, `valid` and `test` `.jsonl` files, or a folder of such folders with `label`, `seq.in`, `seq.out`
 * (SNIPS, ATIS). Splits that a folder lacks are taken from its train split. Without functions, `tools` or inferred
 * schemas are used.
 *
 * Throws DataError (file, line, reason) for malformed data, empty data, or a function without training samples;
 * HandheldError "io" when the path cannot be read.
 *
 * @example
 * ```ts
 * const { dataset } = await loadCalls("data/snips");
 * ```
 */
export async function loadCalls(path: string, options: LoadOptions = {}): Promise<LoadedCalls> {
  const { seed = 1, skipBad = false } = options;
  const bad = new BadLines(skipBad);
  const names = await listFolder(path);
  const found = names === null ? await readFile(path, bad, seed) : await readFolder(path, names, bad, seed);
  const all = SPLITS.flatMap((split) => found.splits[split]);
  if (all.length === 0) {
    const why = bad.skipped > 0 ? ` (${bad.skipped} bad lines were skipped, the first: ${bad.reasons[0]})` : "";
    throw new DataError(path, null, `no samples${why}; give at least one`);
  }
  const functions = functionsOf(found, options.functions, path);
  const given = options.functions !== undefined || found.tools.length > 0;
  const splits = given ? validSplits(found.splits, functions, bad) : found.splits;
  if (!options.scoring) requireSamples(splits.train, functions, path);
  const strip = (samples: LocatedSample[]) => samples.map(({ file, line, ...sample }): Sample => sample);
  return {
    dataset: {
      functions: [...functions],
      train: strip(splits.train),
      validation: strip(splits.validation),
      test: strip(splits.test),
    },
    skipped: bad.skipped,
    reasons: bad.reasons,
    duplicates: found.duplicates,
  };
}

async function readFile(path: string, bad: BadLines, seed: number): Promise<Found> {
  const { samples, tools } = parseDroidCall(await readText(path), path, bad);
  const { kept, duplicates } = withoutDuplicates(samples);
  return { splits: splitSamples(kept, seed), tools, duplicates };
}

async function readFolder(path: string, names: readonly string[], bad: BadLines, seed: number): Promise<Found> {
  const splits: Splits = { train: [], validation: [], test: [] };
  const tools = new Map<string, FunctionSchema>();
  let files = 0;
  for (const split of SPLITS) {
    const name = ALIASES[split].flatMap((alias) => [alias, `${alias}.jsonl`]).find((n) => names.includes(n));
    if (name === undefined) continue;
    files++;
    if (name.endsWith(".jsonl")) {
      const read = parseDroidCall(await readText(`${path}/${name}`), `${path}/${name}`, bad);
      splits[split] = read.samples;
      for (const tool of read.tools) if (!tools.has(tool.name)) tools.set(tool.name, tool);
    } else splits[split] = await readSnipsSplit(`${path}/${name}`, bad);
  }
  if (files === 0 || splits.train.length === 0) {
    const layouts = "train.jsonl (and valid.jsonl, test.jsonl), or train/ with label, seq.in and seq.out";
    throw new DataError(path, null, `no training samples; a folder holds ${layouts}`);
  }
  return { splits: fillSplits(splits, seed), tools: [...tools.values()], duplicates: 0 };
}

async function readSnipsSplit(folder: string, bad: BadLines): Promise<LocatedSample[]> {
  // One after the other: when several are missing, the error always names the first.
  const label = await readText(`${folder}/label`);
  const seqIn = await readText(`${folder}/seq.in`);
  const seqOut = await readText(`${folder}/seq.out`);
  return parseSnips({ label, seqIn, seqOut, folder }, bad);
}

/** Splits that are missing or empty are cut off the train split. */
function fillSplits(splits: Splits, seed: number): Splits {
  if (splits.validation.length > 0 && splits.test.length > 0) return splits;
  const cut = splitSamples(splits.train, seed);
  const validation = splits.validation.length > 0 ? splits.validation : cut.validation;
  const test = splits.test.length > 0 ? splits.test : cut.test;
  const held = new Set([...validation, ...test]);
  return { train: splits.train.filter((sample) => !held.has(sample)), validation, test };
}

function functionsOf(
  found: Found,
  given: readonly FunctionSchema[] | undefined,
  path: string,
): readonly FunctionSchema[] {
  if (given) return given;
  if (found.tools.length === 0) return parseFunctions(inferSchemas(found.splits.train), path);
  const called = new Set(found.splits.train.flatMap((sample) => sample.answers.map((call) => call.name)));
  return found.tools.filter((tool) => called.has(tool.name));
}

function validSplits(splits: Splits, functions: readonly FunctionSchema[], bad: BadLines): Splits {
  const valid = (samples: readonly LocatedSample[]) =>
    samples.filter((sample) => bad.attempt(() => validateSample(sample, functions)) !== undefined);
  return { train: valid(splits.train), validation: valid(splits.validation), test: valid(splits.test) };
}

function validateSample({ file, line, answers }: LocatedSample, functions: readonly FunctionSchema[]): true {
  try {
    validateCalls(answers, functions);
    return true;
  } catch (cause) {
    if (!(cause instanceof HandheldError)) throw cause;
    throw new DataError(file, line, cause.message, { cause });
  }
}

function requireSamples(train: readonly Sample[], functions: readonly FunctionSchema[], path: string): void {
  const called = new Set(train.flatMap((sample) => sample.answers.map((call) => call.name)));
  const without = functions.find((f) => !called.has(f.name));
  if (!without) return;
  const hint = "add some, or remove the function from the schemas";
  throw new DataError(path, null, `function "${without.name}" has no training samples; ${hint}`);
}

/**
 * Reads function schemas from a JSON file (see `parseFunctions` for the forms) or from JSON lines with one function
 * each. Throws DataError for malformed JSON, HandheldError "invalid-data" for a wrong schema.
 */
export async function loadFunctions(path: string): Promise<FunctionSchema[]> {
  const text = (await readText(path)).replace(/^\ufeff/, "");
  return parseFunctions(parseJsonOrLines(text, path), path);
}

function parseJsonOrLines(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const lines = text.split("\n");
    // The first line alone is JSON: then the file is JSON lines, and errors have a line.
    if (!isJson(lines[0] ?? "")) throw new DataError(path, null, `not JSON (${(cause as Error).message})`, { cause });
    return lines.flatMap((content, i) => {
      if (content.trim() === "") return [];
      if (!isJson(content)) throw new DataError(path, i + 1, "not JSON; one function per line is expected");
      return [JSON.parse(content)];
    });
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
