// The layout of SNIPS and ATIS: per split the files label (a function per line), seq.in (the words) and seq.out (a BIO
// tag per word). Slots become string arguments in order of appearance; a slot that repeats becomes a list.

import { DataError } from "../../errors.ts";
import type { Call, Json } from "../types.ts";
import type { LocatedSample } from "./droidcall.ts";
import type { BadLines } from "./types.ts";

/** The three files of a split as text, and the name of their folder for messages. */
export interface SnipsFiles {
  label: string;
  seqIn: string;
  seqOut: string;
  folder: string;
}

function lines(text: string): string[] {
  const out = text.split(/\r?\n/);
  while (out.length > 0 && out.at(-1)?.trim() === "") out.pop();
  return out;
}

const words = (line: string): string[] => line.split(/\s+/).filter((word) => word !== "");

/**
 * Reads one split. The query of a sample is its words with one space between them, so that every value is a span of
 * it. Lines whose words and tags differ in number go to `bad`; files that differ in length throw DataError.
 */
export function parseSnips(files: SnipsFiles, bad: BadLines): LocatedSample[] {
  const labels = lines(files.label);
  const inputs = lines(files.seqIn);
  const outputs = lines(files.seqOut);
  if (labels.length !== inputs.length || inputs.length !== outputs.length) {
    const counts = `label ${labels.length}, seq.in ${inputs.length}, seq.out ${outputs.length}`;
    const shortest = Math.min(labels.length, inputs.length, outputs.length);
    throw new DataError(files.folder, shortest + 1, `the files differ in their number of lines: ${counts}`);
  }
  const samples: LocatedSample[] = [];
  labels.forEach((label, i) => {
    const sample = bad.attempt(() => readSample(files.folder, i + 1, label, inputs[i] ?? "", outputs[i] ?? ""));
    if (sample) samples.push(sample);
  });
  return samples;
}

function readSample(folder: string, line: number, label: string, input: string, output: string): LocatedSample {
  const tokens = words(input);
  const tags = words(output);
  const name = label.trim();
  if (name === "") throw new DataError(`${folder}/label`, line, "no function name");
  if (tokens.length === 0) throw new DataError(`${folder}/seq.in`, line, "no words");
  if (tokens.length !== tags.length) {
    throw new DataError(`${folder}/seq.out`, line, `${tags.length} tags for the ${tokens.length} words of seq.in`);
  }
  const wrong = tags.find((tag) => tag !== "O" && !/^[BI]-./.test(tag));
  if (wrong !== undefined) {
    throw new DataError(`${folder}/seq.out`, line, `tag "${wrong}" is none of O, B-slot, I-slot`);
  }
  return { query: tokens.join(" "), answers: [callOf(name, tokens, tags)], file: `${folder}/seq.in`, line };
}

/** As conlleval does: an I- tag that does not continue its slot starts one. */
function callOf(name: string, tokens: readonly string[], tags: readonly string[]): Call {
  const slots = new Map<string, string[]>();
  let previous = "O";
  tags.forEach((tag, i) => {
    const slot = tag.slice(2);
    const token = tokens[i] as string;
    if (tag !== "O") {
      const values = slots.get(slot) ?? [];
      if (tag.startsWith("I-") && previous === slot) values.push(`${values.pop()} ${token}`);
      else values.push(token);
      slots.set(slot, values);
    }
    previous = tag === "O" ? "O" : slot;
  });
  const entries = [...slots].map(([slot, values]): [string, Json] => [
    slot,
    values.length === 1 ? (values[0] as string) : values,
  ]);
  return { name, arguments: Object.fromEntries(entries) };
}
