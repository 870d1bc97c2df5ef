// What a slot is, and the two ways to make one that copies its value from the query: a pool of texts, and texts
// written in the template language over other slots.

import type { Json } from "../../types.ts";
import type { Random } from "../random.ts";
import { expand, parseTemplate } from "../template.ts";

/** What a slot puts into the query and into the answer. */
export interface SlotValue {
  /** The text in the query. */
  text: string;
  /** The part of `text` that is the value, for values that are copied from the query. */
  copy?: string;
  /** The value, where it is derived from the text by a rule. */
  value?: Json;
}

/** Where values come from. Training never sees every fourth proper name of a pool; the other splits draw from all of it. */
export interface SlotContext {
  random: Random;
  training: boolean;
}

/** Draws one value. */
export interface Slot {
  (context: SlotContext): SlotValue;
  /** True for free text, which has no end of its own: no words but punctuation may follow it. */
  open?: boolean;
}

const KEPT_OUT_EVERY = 4;

/** One proper name of a pool, as the split allows. */
export function draw<T>(context: SlotContext, pool: readonly T[]): T {
  const { random, training } = context;
  let index = random.integer(0, pool.length - 1);
  const keptOut = training && pool.length >= KEPT_OUT_EVERY && index % KEPT_OUT_EVERY === KEPT_OUT_EVERY - 1;
  if (keptOut) index -= random.integer(1, KEPT_OUT_EVERY - 1);
  return pool[index] as T;
}

/** A pool written as one line of words. */
export const words = (line: string): string[] => line.trim().split(/\s+/);

/** A pool written as lines. */
export const lines = (text: string): string[] =>
  text
    .trim()
    .split("\n")
    .map((line) => line.trim());

/** A slot whose value is its text, drawn from a pool of common words, which all splits share. */
export const copied =
  (pool: readonly string[]): Slot =>
  ({ random }) => {
    const text = random.pick(pool);
    return { text, copy: text };
  };

/** A slot whose value is its text, drawn from a pool of proper names. */
export const named =
  (pool: readonly string[]): Slot =>
  (context) => {
    const text = draw(context, pool);
    return { text, copy: text };
  };

/** A slot whose value is its text, written as templates over `slots`; all splits share the templates, not what fills them. */
export function composed(
  templates: readonly string[],
  slots: Record<string, Slot>,
  options: { open?: boolean } = {},
): Slot {
  const parsed = templates.map(parseTemplate);
  const slot: Slot = (context) => {
    const chosen = expand(context.random.pick(parsed), context.random);
    const text = chosen
      .map((parts) =>
        parts.map((part) => (typeof part === "string" ? part : textOf(slots, part.slot, context))).join(""),
      )
      .join(" ");
    return { text, copy: text };
  };
  return Object.assign(slot, options);
}

function textOf(slots: Record<string, Slot>, name: string, context: SlotContext): string {
  const slot = slots[name];
  if (slot === undefined) throw new Error(`text pool: no slot "${name}"`);
  return slot(context).text;
}

/** A slot of fixed phrases with derived values. */
export const derived =
  (entries: readonly (readonly [text: string, value: Json])[]): Slot =>
  ({ random }) => {
    const [text, value] = random.pick(entries);
    return { text, value };
  };
