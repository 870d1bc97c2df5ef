// A choice between literals (as a trie of bytes), each leading on to other frames.

import { type Frame, PLAIN } from "./frame.ts";

const utf8 = new TextEncoder();

/** One literal of a choice. */
export interface Alternative {
  text: string;
  /** Makes the frames that replace the choice after the literal, top last; absent for a literal that is a whole value. */
  frames?: () => readonly Frame[];
  /** Byte positions `[from, to]` of the literal that lie inside a value. */
  content?: readonly [number, number];
}

interface Node {
  children: Map<number, Node>;
  content: boolean;
  /** Set where a literal with `frames` ends. */
  frames: (() => readonly Frame[]) | undefined;
  /** A literal without `frames` ends here: the value may be complete. */
  complete: boolean;
}

const newNode = (): Node => ({ children: new Map(), content: false, frames: undefined, complete: false });

function insert(root: Node, alternative: Alternative): void {
  const bytes = utf8.encode(alternative.text);
  const [from, to] = alternative.content ?? [1, 0];
  let node = root;
  for (let i = 0; ; i++) {
    if (i >= from && i <= to) node.content = true;
    if (i === bytes.length) break;
    let child = node.children.get(bytes[i] as number);
    if (!child) node.children.set(bytes[i] as number, (child = newNode()));
    node = child;
  }
  if (alternative.frames) node.frames = alternative.frames;
  else node.complete = true;
}

/** Position in a choice; `path` spells the bytes taken so far. */
class Choice implements Frame {
  readonly key: string;
  readonly content: boolean;
  readonly complete: boolean;
  readonly accepts: boolean;
  readonly scope = "shared";
  readonly freeText = false;
  readonly #node: Node;
  readonly #otherwise: Frame | undefined;

  constructor(key: string, node: Node, accepts: boolean, otherwise?: Frame) {
    this.key = key;
    this.#node = node;
    this.#otherwise = otherwise;
    this.content = node.content || (otherwise?.content ?? false);
    this.complete = node.complete;
    this.accepts = accepts;
  }

  get bytes(): Iterable<number> | undefined {
    const other = this.#otherwise ? this.#otherwise.bytes : [];
    return other && [...this.#node.children.keys(), ...other];
  }

  step(byte: number): readonly Frame[] | null {
    const child = this.#node.children.get(byte);
    if (!child) return this.#otherwise?.step(byte) ?? null;
    if (child.frames) return child.frames();
    return [new Choice(`${this.key}/${byte}`, child, false)];
  }
}

/** Options of `choice`. */
export interface ChoiceOptions {
  /** The answer may end at the choice itself. */
  accepts?: boolean;
  /** Takes the first byte when no literal starts with it. */
  otherwise?: Frame | undefined;
}

/**
 * A choice between `alternatives`; none that has `frames` may be the start of another. `key` must be unique to the
 * alternatives and to what they lead to.
 */
export function choice(key: string, alternatives: readonly Alternative[], options: ChoiceOptions = {}): Frame {
  const root = newNode();
  for (const alternative of alternatives) insert(root, alternative);
  return new Choice(key, root, options.accepts ?? false, options.otherwise);
}

/** `first` with `rest` below it, for a choice whose `otherwise` opens a value inside a larger one. */
export function above(rest: () => Frame, first: Frame): Frame {
  return {
    ...PLAIN,
    key: `${first.key}^`,
    content: first.content,
    bytes: first.bytes,
    step: (byte) => {
      const frames = first.step(byte);
      return frames && [rest(), ...frames];
    },
  };
}

/** The bottom of the stack of a finished answer. */
export const END: Frame = { ...PLAIN, key: "end", accepts: true, bytes: [], step: () => null };
