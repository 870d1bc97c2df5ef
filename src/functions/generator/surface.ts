// The surface of a query: politeness, clauses that carry no argument, joints between calls, case, punctuation and
// typing errors. None of it touches a value.

import type { Random } from "./random.ts";
import { lines } from "./slots/slot.ts";

/** A piece of a query. Slot text is protected: no typing error, no capital that its value does not have. */
export interface Piece {
  text: string;
  slot: boolean;
}

/** Openings before a phrasing that starts with a verb; the second list asks, so a question mark may follow. */
const OPENINGS = lines(`
  please
  please
  hey,
  hey, please
  ok,
  okay,
  hi,
  just
  quickly
  go ahead and
  I want you to
  I need you to
  I'd like you to
  kindly
  be so kind and
`);
/** Openings of the same kind that cannot follow another clause. */
const STARTERS = lines(`
  now
  first of all,
  so
  next,
`);
const ASKING = lines(`
  could you
  could you please
  can you
  can you please
  would you
  would you please
  will you
  hey, can you
  hi, could you
  any chance you could
  do you think you could
  is it ok if I ask you to
  could you quickly
  can you just
`);
const GREETINGS = lines(`
  hey,
  hi,
  hello,
  ok,
  okay,
  so,
  well,
  um,
  alright,
  hey there,
  good morning,
  listen,
`);

/** Main clauses, joined by "so" or a full stop, and subordinate clauses, joined by a comma. */
const REASONS = lines(`
  I'm late
  I'm in a hurry
  my hands are full
  I'm driving
  I can't type right now
  it's getting late
  I'm at the airport
  I'm cooking
  my battery is dying
  I'm so tired
  I keep forgetting things
  today is crazy
  I'm walking home
  my screen is cracked
  I'm about to leave the house
  the kids are asleep
  I left my glasses at home
  we're almost there
  it's my first day
  I just got off the bus
  my sister is visiting
  the weather is awful
  I'm sitting in the library
  I have no time
  I'm new to this phone
`);
const SUBORDINATES = lines(`
  before I forget
  since the plan changed
  since the meeting moved
  as soon as you can
  if you don't mind
  when you have a second
  because I'm busy
  while I'm eating
  as we discussed
  as always
  like last time
  now that I'm home
  if it's not too much trouble
  since I have my gloves on
  because the baby is crying
  before the boss comes back
  while I look for my shoes
  as I said
  just to be safe
  for a change
`);
const ENDINGS = lines(`
  please
  , please
  for me
  , thanks
  , thank you
  , would you
  right now
  , I'm in a hurry
  , it's urgent
  , that would be great
  when you can
`);
const STATEMENT_ENDINGS = lines(`
  , thanks
  , thank you
  , it's urgent
  , I'm in a hurry
  , if that's ok
`);

const JOINTS = [
  "and",
  "and then",
  ", then",
  ", and",
  "and also",
  "and after that",
  ", and please",
  "; then",
  ". Then",
  ". Also,",
  ". After that,",
  "plus",
];
const QUESTION_JOINTS = ["?", "? Then", "? Also,", "? After that,", ", and"];
const STATEMENT_JOINTS = [".", ". Also,", ". And", ";", ". Oh, and", ". One more thing:"];

/** Text before a phrasing, and whether it asks. */
export function opening(random: Random, imperative: boolean): { text: string; asks: boolean } {
  const parts: string[] = [];
  if (random.chance(0.14)) {
    if (random.chance(0.5)) parts.push(random.pick(REASONS) + (imperative && random.chance(0.6) ? " so" : "."));
    else parts.push(`${random.pick(SUBORDINATES)},`);
  }
  let asks = false;
  if (imperative && random.chance(0.5)) {
    asks = random.chance(0.5);
    const pool = asks ? ASKING : parts.length === 0 && random.chance(0.2) ? STARTERS : OPENINGS;
    parts.push(random.pick(pool));
  } else if (!imperative && random.chance(0.14)) {
    parts.unshift(random.pick(GREETINGS));
  }
  return { text: parts.join(" "), asks };
}

/** Text after a phrasing that does not end in free text. */
export function ending(random: Random, imperative: boolean): string {
  if (!random.chance(imperative ? 0.12 : 0.06)) return "";
  return random.pick(imperative ? ENDINGS : STATEMENT_ENDINGS);
}

/** What joins a request to the one before it. */
export function joint(
  random: Random,
  { imperative, afterQuestion }: { imperative: boolean; afterQuestion: boolean },
): string {
  if (afterQuestion) return random.pick(imperative ? QUESTION_JOINTS : ["?", "?", "? Also,", "? And"]);
  return random.pick(imperative ? JOINTS : STATEMENT_JOINTS);
}

/** Joins pieces of carrier text by single spaces; a piece that starts with punctuation sticks to what comes before. */
export function space(before: Piece[], text: string): void {
  if (text === "") return;
  const glued = before.length === 0 || /^[,.;?!]/.test(text);
  before.push({ text: glued ? text : ` ${text}`, slot: false });
}

const KEYS = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

function neighbourKey(random: Random, letter: string): string {
  const row = KEYS.find((keys) => keys.includes(letter));
  if (row === undefined) return letter;
  const at = row.indexOf(letter);
  return row[at === 0 ? 1 : at === row.length - 1 || random.chance(0.5) ? at - 1 : at + 1] as string;
}

/** One typing error in a word of four letters or more; its first letter stays. */
function misspell(random: Random, word: string): string {
  const at = random.integer(1, word.length - 2);
  const [here, next] = [word[at] as string, word[at + 1] as string];
  const head = word.slice(0, at);
  const tail = word.slice(at + 1);
  switch (random.integer(0, 3)) {
    case 0:
      return head + tail;
    case 1:
      return head + here + here + tail;
    case 2:
      return head + next + here + word.slice(at + 2);
    default:
      return head + neighbourKey(random, here) + tail;
  }
}

/** Puts one typing error into a random carrier word. Words that touch a slot are left alone. */
export function addTypo(random: Random, pieces: Piece[]): void {
  const spots: { piece: number; at: number; word: string }[] = [];
  pieces.forEach((piece, index) => {
    if (piece.slot) return;
    for (const match of piece.text.matchAll(/(?<= |^)[a-z]{4,}(?=[ ,.;?:]|$)/gi)) {
      const touches =
        (match.index === 0 && index > 0) ||
        (match.index + match[0].length === piece.text.length && index < pieces.length - 1);
      if (!touches) spots.push({ piece: index, at: match.index, word: match[0] });
    }
  });
  if (spots.length === 0) return;
  const { piece, at, word } = random.pick(spots);
  const target = pieces[piece] as Piece;
  target.text = target.text.slice(0, at) + misspell(random, word) + target.text.slice(at + word.length);
}

/** Capital letters at the start of sentences, where they start with carrier text. */
export function capitalise(pieces: Piece[]): void {
  let start = true;
  for (const piece of pieces) {
    if (!piece.slot) {
      if (start) piece.text = piece.text.replace(/^[a-z]/, (letter) => letter.toUpperCase());
      piece.text = piece.text.replace(
        /([.?] )([a-z])/g,
        (_, stop: string, letter: string) => stop + letter.toUpperCase(),
      );
    }
    start = false;
  }
}
