// A family: the phrasings that mean one call, or one fixed sequence of calls. Phrasings are data, in the template
// language of ../template.ts; the arguments refer to the slots that a phrasing may bind.

import type { Json } from "../../types.ts";

/**
 * Arguments with references: `"$name"` is the value bound to `name`, `"$time.hour"` a field of it. An argument, list
 * element or field whose slot is absent from the phrasing is left out, and so is an object or list left empty.
 */
export interface CallTemplate {
  name: string;
  arguments: Record<string, Json>;
}

export interface Family {
  /** Unique name; the ids of its phrasings are `name/index`. */
  name: string;
  /** How often the family is drawn, relative to the others. */
  weight: number;
  calls: CallTemplate[];
  /** Phrasings that start with a verb and may follow "could you". */
  imperative: string[];
  /** Statements, questions and telegraphic phrasings. */
  other: string[];
}
