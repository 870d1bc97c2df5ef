// Pre-tokenisers of tokenizer.json: how normalised text is cut into pieces that are encoded independently of each other.
import { invalidFile } from "../errors.ts";
import { byteToChar, gpt2Pattern, gpt2Words } from "./byte-level.ts";
import { type ComponentJson, flatten, patternOf, textOf, unknownStep } from "./format.ts";
import { compilePattern } from "./oniguruma.ts";

/**
 * One step. `cut` makes several pieces of one, `map` changes a piece, `begin` may change the piece that begins the text
 * in another way than the others.
 */
export type PreStep =
  | { kind: "cut"; apply(text: string): readonly string[] }
  | { kind: "map"; apply(text: string): string }
  | { kind: "begin"; apply(text: string, isFirst: boolean): string };

type Cut = (text: string) => readonly string[];

/**
 * The steps of a file's pre-tokeniser, in order.
 *
 * @throws HandheldError `invalid-file` or `unsupported`; `where` prefixes it
 */
export function createPreTokenizer(step: ComponentJson | null | undefined, where: string): PreStep[] {
  return flatten(step, "pretokenizers", where).flatMap((inner) => createSteps(inner, where));
}

function createSteps(step: ComponentJson, where: string): PreStep[] {
  const cut = (apply: Cut): PreStep => ({ kind: "cut", apply });
  switch (step.type) {
    case "ByteLevel":
      return [
        ...(step.add_prefix_space === true ? [prefixed(" ", "always")] : []),
        ...(step.use_regex === false ? [] : [cut(cutBy(gpt2Words, "Isolated", false))]),
        { kind: "map", apply: spell },
      ];
    case "Metaspace":
      return metaspace(step, where);
    case "Split":
      return [cut(split(step, where))];
    case "Digits":
      return [cut((text) => text.match(step.individual_digits === true ? digits : numbers) ?? [])];
    case "Punctuation":
      return [cut(cutBy(/[\p{P}!-/:-@[-`{-~]/gu, behaviorOf(step, "Isolated", where), false))];
    case "Whitespace":
      return [cut(cutBy(compilePattern("\\w+|[^\\w\\s]+", where), "Removed", true))];
    case "WhitespaceSplit":
      return [cut(cutBy(/\p{White_Space}/gu, "Removed", false))];
    case "CharDelimiterSplit":
      return [cut(cutBy(literalPattern(textOf(step, "delimiter", where)), "Removed", false))];
    default:
      throw unknownStep(step, "pre_tokenizer", where);
  }
}

const digits = /\p{N}|\P{N}+/gu;
const numbers = /\p{N}+|\P{N}+/gu;

const encoder = new TextEncoder();

/** UTF-8 bytes, each as its character. */
function spell(text: string): string {
  let spelled = "";
  for (const byte of encoder.encode(text)) spelled += byteToChar[byte]!;
  return spelled;
}

function prefixed(space: string, where: "always" | "first"): PreStep {
  const prefix = (text: string) => (text.startsWith(space) ? text : space + text);
  if (where === "always") return { kind: "map", apply: prefix };
  return { kind: "begin", apply: (text, isFirst) => (isFirst ? prefix(text) : text) };
}

function metaspace(step: ComponentJson, where: string): PreStep[] {
  const replacement = step.replacement === undefined ? "▁" : textOf(step, "replacement", where);
  if ([...replacement].length !== 1) throw invalidFile(where, "Metaspace: replacement is not one character");
  const scheme = step.prepend_scheme ?? (step.add_prefix_space === false ? "never" : "always");
  if (scheme !== "always" && scheme !== "first" && scheme !== "never") {
    throw invalidFile(where, "Metaspace: prepend_scheme is neither always, first nor never");
  }
  const words = new RegExp(
    `${escapeText(replacement)}[^${escapeText(replacement)}]*|[^${escapeText(replacement)}]+`,
    "gu",
  );
  return [
    { kind: "map", apply: (text) => text.replaceAll(" ", () => replacement) },
    ...(scheme === "never" ? [] : [prefixed(replacement, scheme)]),
    ...(step.split === false ? [] : [{ kind: "cut", apply: (text: string) => text.match(words) ?? [] } as const]),
  ];
}

function split(step: ComponentJson, where: string): Cut {
  const behavior = behaviorOf(step, undefined, where);
  const pattern = patternOf(step, where);
  if ("literal" in pattern) return cutBy(literalPattern(pattern.literal), behavior, step.invert === true);
  const regex = pattern.regex === gpt2Pattern ? gpt2Words : compilePattern(pattern.regex, where);
  return cutBy(regex, behavior, step.invert === true);
}

const behaviors = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"] as const;
type Behavior = (typeof behaviors)[number];

function behaviorOf(step: ComponentJson, otherwise: Behavior | undefined, where: string): Behavior {
  const given = step.behavior ?? otherwise;
  // Python writes the names in lower case, Rust as they are here.
  const found = behaviors.find((name) => name.toLowerCase() === String(given).toLowerCase().replaceAll("_", ""));
  if (found !== undefined) return found;
  throw invalidFile(where, `${step.type}: behavior is not one of ${behaviors.join(", ")}`);
}

// As code points: a sign such as - may only be escaped within a class, and others only outside of one.
function escapeText(text: string): string {
  return Array.from(text, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`).join("");
}

function literalPattern(text: string): RegExp {
  return new RegExp(escapeText(text), "gu");
}

/** A stretch of text that the pattern matches, or one between two matches. */
interface Stretch {
  from: number;
  to: number;
  isMatch: boolean;
}

/** Cuts a text at the matches of a pattern (flag g). */
function cutBy(pattern: RegExp, behavior: Behavior, invert: boolean): Cut {
  const all = (text: string): readonly string[] => {
    const stretches = findStretches(pattern, text, invert);
    return join(stretches, behavior).map(({ from, to }) => text.slice(from, to));
  };
  if (behavior !== "Isolated") return all;
  // Mostly the matches are the whole text, one after the other.
  return (text) => {
    const matches = text.match(pattern);
    if (matches === null) return [text];
    let length = 0;
    for (const match of matches) length += match.length;
    return length === text.length && !matches.includes("") ? matches : all(text);
  };
}

function findStretches(pattern: RegExp, text: string, invert: boolean): Stretch[] {
  const stretches: Stretch[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const to = match.index + match[0].length;
    if (match.index > end) stretches.push({ from: end, to: match.index, isMatch: invert });
    if (to > match.index) stretches.push({ from: match.index, to, isMatch: !invert });
    end = to;
  }
  if (end < text.length) stretches.push({ from: end, to: text.length, isMatch: invert });
  return stretches;
}

// As the Rust library folds them, to the letter: a match after a match is not merged.
function join(stretches: Stretch[], behavior: Behavior): Stretch[] {
  if (behavior === "Isolated") return stretches;
  if (behavior === "Removed") return stretches.filter(({ isMatch }) => !isMatch);
  const joined: Stretch[] = [];
  const backwards = behavior === "MergedWithNext";
  let before = false;
  for (const stretch of backwards ? stretches.toReversed() : stretches) {
    const last = joined.at(-1);
    const merges = behavior === "Contiguous" ? stretch.isMatch === before : stretch.isMatch && !before;
    if (merges && last !== undefined) {
      if (backwards) last.from = stretch.from;
      else last.to = stretch.to;
    } else joined.push({ ...stretch });
    before = stretch.isMatch;
  }
  return backwards ? joined.reverse() : joined;
}
