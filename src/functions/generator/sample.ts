// One sample: phrasings expanded, slots drawn, arguments resolved, and the surface put on.

import type { Call, Json, Sample } from "../types.ts";
import type { Phrasing } from "./phrasing.ts";
import type { Random } from "./random.ts";
import { SLOTS, type SlotValue } from "./slots/index.ts";
import { addTypo, capitalise, ending, joint, opening, type Piece, space } from "./surface.ts";
import { expand } from "./template.ts";

/** How a sample is drawn. */
export interface SampleContext {
  random: Random;
  /** True for training samples: the kept-out part of the value pools is then not used. */
  training: boolean;
  /** Probability of a typing error. */
  typos: number;
}

interface Clause {
  pieces: Piece[];
  calls: Call[];
  /** The clause ends in free text: nothing but punctuation may follow as a part of this clause. */
  openEnd: boolean;
  question: boolean;
}

/** Builds a sample from one phrasing, or from several for independent calls. */
export function makeSample(phrasings: readonly Phrasing[], context: SampleContext): Sample {
  const { random } = context;
  const lower = random.chance(0.4);
  const pieces: Piece[] = [];
  const answers: Call[] = [];
  let last: { clause: Clause; imperative: boolean; asks: boolean } | undefined;
  for (const phrasing of phrasings) {
    const clause = makeClause(phrasing, context, lower);
    const head = last === undefined ? opening(random, phrasing.imperative) : { text: "", asks: last.asks };
    if (last === undefined) space(pieces, head.text);
    else space(pieces, joint(random, { imperative: phrasing.imperative, afterQuestion: last.clause.question }));
    append(pieces, clause.pieces);
    answers.push(...shiftResults(clause.calls, answers.length));
    last = { clause, imperative: phrasing.imperative, asks: head.asks && phrasing.imperative };
  }
  if (last !== undefined) finish(pieces, last, random);
  if (random.chance(context.typos)) addTypo(random, pieces);
  if (!lower && random.chance(0.75)) capitalise(pieces);
  const query = pieces.map(({ text, slot }) => (lower && !slot ? text.toLowerCase() : text)).join("");
  return { query, answers, phrasing: phrasings.map(({ id }) => id).join("+") };
}

function finish(pieces: Piece[], last: { clause: Clause; imperative: boolean; asks: boolean }, random: Random): void {
  const { clause, imperative, asks } = last;
  if (clause.question) {
    if (random.chance(0.6)) space(pieces, "?");
    return;
  }
  if (!clause.openEnd) space(pieces, ending(random, imperative));
  if (asks && random.chance(0.4)) space(pieces, "?");
  else if (random.chance(0.25)) space(pieces, ".");
}

function append(target: Piece[], added: Piece[]): void {
  added.forEach((piece, i) => {
    if (i > 0 || target.length === 0) target.push(piece);
    else if (piece.slot) target.push({ text: " ", slot: false }, piece);
    else target.push({ text: ` ${piece.text}`, slot: false });
  });
}

/** Expands a phrasing and draws its slots. */
function makeClause(phrasing: Phrasing, context: SampleContext, lower: boolean): Clause {
  const values = new Map<string, SlotValue>();
  const pieces: Piece[] = [];
  let openEnd = false;
  const carrier = (text: string): void => {
    const before = pieces.at(-1);
    if (before !== undefined && !before.slot) before.text += text;
    else if (text !== "") pieces.push({ text, slot: false });
  };
  expand(phrasing.template, context.random).forEach((word, index) => {
    if (index > 0 && !(typeof word[0] === "string" && /^[,.;:?!]/.test(word[0]))) carrier(" ");
    for (const part of word) {
      openEnd = false;
      if (typeof part === "string") {
        carrier(part);
        continue;
      }
      const value = drawSlot(part.slot, context, lower);
      values.set(part.binding, value);
      fitArticle(pieces, value.text);
      pieces.push({ text: value.text, slot: true });
      openEnd = SLOTS[part.slot]?.open === true;
    }
  });
  const question = stripQuestionMark(pieces);
  return { pieces, calls: resolveCalls(phrasing, values), openEnd, question };
}

/** "a" before a slot becomes "an" where the slot's text sounds like it: "an ATM", "an 8 minute timer". */
function fitArticle(before: Piece[], text: string): void {
  const last = before.at(-1);
  if (last === undefined || last.slot || !/^(?:[aeio]|u(?!ni)|8|1[18]\b)/i.test(text) || /^one\b/i.test(text)) return;
  last.text = last.text.replace(/(^| )a $/, "$1an ");
}

function drawSlot(name: string, context: SampleContext, lower: boolean): SlotValue {
  const slot = SLOTS[name];
  if (slot === undefined) throw new Error(`no slot "${name}"; slots are listed in slots/index.ts`);
  const value = slot(context);
  if (!lower) return value;
  const lowered: SlotValue = { ...value, text: value.text.toLowerCase() };
  if (value.copy !== undefined) lowered.copy = value.copy.toLowerCase();
  return lowered;
}

function stripQuestionMark(pieces: Piece[]): boolean {
  const last = pieces.at(-1);
  if (last === undefined || last.slot || !last.text.endsWith("?")) return false;
  last.text = last.text.slice(0, -1);
  return true;
}

/** Fills the call templates of a phrasing's family with the values bound. */
export function resolveCalls(phrasing: Pick<Phrasing, "family">, values: ReadonlyMap<string, SlotValue>): Call[] {
  return phrasing.family.calls.map(({ name, arguments: template }) => {
    const resolved = resolve(template, values);
    return { name, arguments: (resolved ?? {}) as Record<string, Json> };
  });
}

function resolve(template: Json, values: ReadonlyMap<string, SlotValue>): Json | undefined {
  if (typeof template === "string") return template.startsWith("$") ? reference(template.slice(1), values) : template;
  if (Array.isArray(template)) {
    const items = template.map((item) => resolve(item, values)).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (template === null || typeof template !== "object") return template;
  const fields = Object.entries(template).flatMap(([key, item]) => {
    const value = resolve(item, values);
    return value === undefined ? [] : [[key, value] as const];
  });
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}

function reference(path: string, values: ReadonlyMap<string, SlotValue>): Json | undefined {
  const [binding, field] = path.split(".") as [string, string | undefined];
  const slot = values.get(binding);
  if (slot === undefined) return undefined;
  if (field === undefined) return slot.copy ?? slot.value;
  const value = slot.value;
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value[field] : undefined;
}

/** Moves references `resultN` by the number of calls that come before in the answer. */
export function shiftResults(calls: Call[], by: number): Call[] {
  if (by === 0) return calls;
  const shift = (value: Json): Json => {
    if (typeof value === "string") return value.replace(/^result(\d+)$/, (_, n: string) => `result${Number(n) + by}`);
    if (Array.isArray(value)) return value.map(shift);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shift(item)]));
  };
  return calls.map(({ name, arguments: args }) => ({ name, arguments: shift(args) as Record<string, Json> }));
}
