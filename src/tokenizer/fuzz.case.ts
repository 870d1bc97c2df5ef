// Mutations of tokenizer files: of their bytes, and of the values of their JSON. The same seed makes the same input.
import { createRandom } from "../random.ts";

/** Random choices. */
export interface Dice {
  /** A whole number below `end`. */
  below(end: number): number;
  pick<T>(items: readonly T[]): T;
}

/** Choices that a seed makes. */
export function createDice(seed: number, name: string): Dice {
  const random = createRandom(seed, name);
  const below = (end: number) => Math.floor(random.float() * end);
  return { below, pick: (items) => items[below(items.length)]! };
}

/** Some bytes changed, put in, left out, repeated or cut off. */
export function mutateBytes(bytes: Uint8Array, dice: Dice): Uint8Array {
  let out = [...bytes];
  for (let n = 1 + dice.below(4); n > 0; n--) {
    const at = dice.below(out.length + 1);
    const span = 1 + dice.below(dice.pick([1, 4, 64]));
    const kind = dice.below(6);
    if (kind === 0) out[at % Math.max(1, out.length)] = dice.pick([0, 1, 0x7f, 0x80, 0xff, dice.below(256)]);
    else if (kind === 1) out.splice(at, 0, ...Array.from({ length: span }, () => dice.below(256)));
    else if (kind === 2) out.splice(at, span);
    else if (kind === 3) out.splice(at, 0, ...out.slice(at, at + span));
    else if (kind === 4) out[at % Math.max(1, out.length)]! ^= 1 << dice.below(8);
    else if (dice.below(8) === 0) out = out.slice(0, at);
  }
  return Uint8Array.from(out);
}

const deep = (depth: number): unknown => {
  let value: unknown = {};
  for (let i = 0; i < depth; i++) value = { type: "Sequence", normalizers: [value], pretokenizers: [value] };
  return value;
};

const values: readonly unknown[] = [
  ...[null, true, false, 0, 1, -1, 0.5, 255, 65_535, 2 ** 24 - 1, 2 ** 31, 1e9, 1e300, -1e300],
  ...["", "a", "▁", " ", "\ud800", "\u0000", "__proto__", "constructor", "<0x41>", "x".repeat(5000)],
  ...[[], {}, [[]], [null], ["a", "b"], { type: "Sequence" }, { String: "" }, { Regex: "" }, { String: " " }, deep(3)],
];
const types = [
  ...["BPE", "Unigram", "WordPiece", "NFC", "NFKD", "Lowercase", "Strip", "Replace", "Prepend", "Precompiled"],
  ...["ByteLevel", "Metaspace", "Split", "Digits", "Punctuation", "Whitespace", "WhitespaceSplit", "Sequence"],
  ...["ByteFallback", "Fuse", "TemplateProcessing", "RobertaProcessing", "CharDelimiterSplit", "StripAccents"],
];
const fragments = [
  ..."()[]{}|*+?^$.\\-&:,0123456789 aZ'",
  ..."\\s \\S \\d \\w \\p{L} \\P{N} \\p{Han} \\x41 \\x{1F600} \\u00e9 \\b \\A \\z \\h \\R \\1 \\k<a> \\Q".split(" "),
  ..."(?: (?i: (?= (?! (?<= (?<! (?> (?<n> (?#x) (a+)+ (a|a)* a*a*a*b (.*)* [[:alpha:]&&[^a]] {2,} {,3} {1,999} ++ *? []".split(
    " ",
  ),
];

/** A copy of a JSON value with some of its values changed, moved, repeated or left out. */
export function mutateJson(json: unknown, dice: Dice): unknown {
  const copy = structuredClone(json);
  for (let n = 1 + dice.below(3); n > 0; n--) mutateOnce(copy, dice);
  return JSON.parse(JSON.stringify(copy));
}

function mutateOnce(root: unknown, dice: Dice): void {
  let holder = root as Record<string, unknown>;
  let key = "";
  // Down from the top: small parts are as likely as the large vocabulary.
  for (let depth = 0; ; depth++) {
    const keys = Object.keys(holder);
    if (keys.length === 0) return;
    key = dice.pick(keys);
    const value = holder[key];
    if (typeof value !== "object" || value === null || (depth > 0 && dice.below(5) === 0)) break;
    holder = value as Record<string, unknown>;
  }
  const value = holder[key];
  const kind = dice.below(8);
  if (kind === 0) delete holder[key];
  else if (kind === 1 && Array.isArray(holder)) holder.splice(dice.below(holder.length + 1), 0, value);
  else if (kind <= 3) holder[key] = structuredClone(dice.pick(values));
  else if (key === "type") holder[key] = dice.pick(types);
  else if (typeof value === "string") holder[key] = mutateText(value, dice);
  else if (typeof value === "number") holder[key] = dice.pick([value + 1, value - 1, -value, value * 1000, value / 2]);
  else if (typeof value === "boolean") holder[key] = !value;
  else holder[`${key}${dice.below(3)}`] = structuredClone(dice.pick(values));
}

function mutateText(text: string, dice: Dice): string {
  let out = text;
  for (let n = 1 + dice.below(4); n > 0; n--) {
    const at = dice.below(out.length + 1);
    const end = dice.below(3) === 0 ? at + dice.below(5) : at;
    out = out.slice(0, at) + dice.pick(fragments) + out.slice(end);
  }
  return out;
}
