// Pieces of contact data in words, and the key that stands for each.

import { derived, type Slot } from "./slot.ts";

const PIECES: [text: string, key: string][] = [
  ["phone number", "phone"],
  ["number", "phone"],
  ["mobile number", "phone"],
  ["email", "email"],
  ["email address", "email"],
  ["e-mail address", "email"],
  ["mail address", "email"],
  ["address", "address"],
  ["home address", "address"],
  ["postal address", "address"],
  ["street address", "address"],
];

/** "phone number", "home address". */
export const piece: Slot = derived(PIECES);

/** "a phone number", "an email". */
export const aPiece: Slot = derived(
  PIECES.map(([text, key]) => [`${/^[aeiou]/.test(text) ? "an" : "a"} ${text}`, key]),
);
