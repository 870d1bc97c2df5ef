// Regular expressions of tokenizer.json (Oniguruma's syntax) as JavaScript's, with Oniguruma's meaning of \s, \w, ^ and of
// classes within classes. Patterns whose matching may take exponential or cubic time are refused: files are not trusted.
import { HandheldError } from "../errors.ts";
import { anyCase, controls, literal, notOf, posixSets, setEscapes, wordSet } from "./character-sets.ts";
import { type Bound, bounds, isFixed, type Node, rejectSlow } from "./pattern-cost.ts";

/** Longest pattern and deepest nesting that is read. */
const most = { length: 4096, depth: 50, repeat: 1000 } as const;

/**
 * Compiles a pattern, flags `gv`. It may be used for all matches of a text.
 *
 * @throws HandheldError `unsupported` for a malformed pattern, what JavaScript lacks, or what is too slow; `where` prefixes it
 */
export function compilePattern(pattern: string, where: string): RegExp {
  if (pattern.length > most.length) throw refuse(where, pattern, `is longer than ${most.length} characters`);
  const node = new Parser(pattern, where).parse();
  const slow = rejectSlow(node);
  if (slow !== null) throw refuse(where, pattern, slow);
  try {
    const regex = new RegExp(emit(node), "gv");
    regex.test(""); // compiled now, where it can still be refused
    regex.lastIndex = 0;
    return regex;
  } catch (cause) {
    throw refuse(where, pattern, "is not understood", cause);
  }
}

function refuse(where: string, pattern: string, reason: string, cause?: unknown): HandheldError {
  const shown = JSON.stringify(pattern.length > 120 ? `${pattern.slice(0, 120)}…` : pattern);
  return new HandheldError("unsupported", `${where}: the pattern ${shown} ${reason}`, { cause });
}

function emit(node: Node): string {
  switch (node.kind) {
    case "set":
      return node.source;
    case "assert":
      return node.source;
    case "sequence":
      return node.nodes.map((inner) => (inner.kind === "choice" ? `(?:${emit(inner)})` : emit(inner))).join("");
    case "choice":
      return node.nodes.map(emit).join("|");
    case "look":
      return `(?${node.sign}${emit(node.node)})`;
    case "repeat": {
      const inner = node.node.kind === "set" ? emit(node.node) : `(?:${emit(node.node)})`;
      const { min, max } = node;
      const times = max === Infinity && min < 2 ? (min === 0 ? "*" : "+") : bounds(min, max);
      // A possessive run of one set is a greedy one that the set does not follow.
      if (node.mode === "possessive") return `(?:${inner}${times}(?!${inner}))`;
      return `${inner}${times}${node.mode === "lazy" ? "?" : ""}`;
    }
  }
}

class Parser {
  readonly #chars: readonly string[];
  readonly #pattern: string;
  readonly #where: string;
  #at = 0;
  #depth = 0;
  #ignoreCase = false;

  constructor(pattern: string, where: string) {
    this.#pattern = pattern;
    this.#chars = [...pattern];
    this.#where = where;
  }

  parse(): Node {
    const node = this.#choice();
    if (this.#at < this.#chars.length) throw this.#malformed("has a ) too many");
    return node;
  }

  #malformed(reason: string): HandheldError {
    return refuse(this.#where, this.#pattern, reason);
  }

  #peek(text: string): boolean {
    return [...text].every((char, i) => this.#chars[this.#at + i] === char);
  }

  #take(text: string): boolean {
    const found = this.#peek(text);
    if (found) this.#at += [...text].length;
    return found;
  }

  #next(): string {
    const char = this.#chars[this.#at++];
    if (char === undefined) throw this.#malformed("ends too early");
    return char;
  }

  #choice(): Node {
    if (++this.#depth > most.depth) throw this.#malformed("is nested too deeply");
    const before = this.#ignoreCase;
    const nodes = [this.#sequence()];
    while (this.#take("|")) nodes.push(this.#sequence());
    this.#depth--;
    this.#ignoreCase = before;
    return nodes.length === 1 ? nodes[0]! : { kind: "choice", nodes };
  }

  #sequence(): Node {
    const nodes: Node[] = [];
    while (this.#at < this.#chars.length && !this.#peek("|") && !this.#peek(")")) {
      const node = this.#atom();
      if (node !== null) nodes.push(this.#repeated(node));
    }
    return { kind: "sequence", nodes };
  }

  #repeated(node: Node): Node {
    const bound = this.#bound();
    if (bound === null) return node;
    if (node.kind === "assert" || node.kind === "look") throw this.#malformed("repeats a condition");
    let mode: "greedy" | "lazy" | "possessive" = "greedy";
    if (this.#take("?")) mode = "lazy";
    else if (!bound.braces && this.#take("+")) mode = "possessive";
    if (mode === "possessive" && (node.kind !== "set" || bound.max === 0)) {
      throw this.#malformed("has a possessive group, which JavaScript lacks");
    }
    if (this.#bound() !== null) throw this.#malformed("repeats a repetition");
    return { kind: "repeat", node, min: bound.min, max: bound.max, mode };
  }

  #bound(): Bound | null {
    if (this.#take("*")) return { min: 0, max: Infinity, braces: false };
    if (this.#take("+")) return { min: 1, max: Infinity, braces: false };
    if (this.#take("?")) return { min: 0, max: 1, braces: false };
    if (!this.#peek("{")) return null;
    const rest = this.#chars.slice(this.#at, this.#at + 16).join("");
    const found = /^\{(\d*)(,?)(\d*)\}/.exec(rest);
    if (found === null || (found[1] === "" && found[3] === "")) return null; // a brace that stands for itself
    this.#at += found[0].length;
    const min = Number(found[1]);
    const max = found[2] === "" ? min : found[3] === "" ? Infinity : Number(found[3]);
    if (min > most.repeat || (max > most.repeat && max !== Infinity) || min > max) {
      throw this.#malformed(`repeats ${found[0]} times, which is too often or backwards`);
    }
    return { min, max, braces: true };
  }

  #atom(): Node | null {
    const char = this.#next();
    if (char === "(") return this.#group();
    if (char === "[") return { kind: "set", source: this.#class() };
    if (char === ".") return { kind: "set", source: "[^\\n]" };
    if (char === "^") return { kind: "assert", source: "(?<=^|\\n)" };
    if (char === "$") return { kind: "assert", source: "(?=\\n|$)" };
    if (char === "\\") return this.#escape();
    if (char === "*" || char === "+" || char === "?") throw this.#malformed("repeats nothing");
    return this.#literal(char.codePointAt(0)!);
  }

  #literal(point: number): Node {
    return { kind: "set", source: this.#ignoreCase ? anyCase(point) : literal(point) };
  }

  #group(): Node | null {
    if (!this.#take("?")) return this.#closed(this.#choice());
    for (const sign of ["<=", "<!", "=", "!"]) {
      if (this.#take(sign)) return { kind: "look", sign, node: this.#closed(this.#choice()) };
    }
    if (this.#take("#")) {
      while (this.#next() !== ")");
      return null;
    }
    if (this.#take("<")) {
      while (this.#next() !== ">");
      return this.#closed(this.#choice());
    }
    if (this.#take(">")) return this.#atomic(this.#closed(this.#choice()));
    const before = this.#ignoreCase;
    let on = true;
    for (;;) {
      const char = this.#next();
      if (char === "-") on = false;
      else if (char === "i") this.#ignoreCase = on;
      else if (char === ":") {
        const node = this.#closed(this.#choice());
        this.#ignoreCase = before;
        return node;
      } else if (char === ")") return this.#choiceToEnd(before);
      else throw this.#malformed(`has (?${char}, which is not supported`);
    }
  }

  // (?i) holds to the end of the group it stands in, over its | too.
  #choiceToEnd(before: boolean): Node {
    const node = this.#choice();
    this.#ignoreCase = before;
    return node;
  }

  #atomic(node: Node): Node {
    // Nothing to give back where there is one way to match.
    if (isFixed(node)) return node;
    throw this.#malformed("has an atomic group, which JavaScript lacks");
  }

  #closed(node: Node): Node {
    if (!this.#take(")")) throw this.#malformed("lacks a )");
    return node;
  }

  #escape(): Node {
    const char = this.#next();
    if (char === "A") return { kind: "assert", source: "^" };
    if (char === "z") return { kind: "assert", source: "$" };
    if (char === "Z") return { kind: "assert", source: "(?=\\n?$)" };
    const inside = `(?<=${wordSet})`;
    const outside = `(?<!${wordSet})`;
    const [before, after] = [`(?=${wordSet})`, `(?!${wordSet})`];
    if (char === "b") return { kind: "assert", source: `(?:${inside}${after}|${outside}${before})` };
    if (char === "B") return { kind: "assert", source: `(?:${inside}${before}|${outside}${after})` };
    const set = this.#setEscape(char);
    if (set !== null) return { kind: "set", source: set };
    return this.#literal(this.#pointEscape(char));
  }

  /** \s, \p{…} and the like; null for an escaped character. */
  #setEscape(char: string): string | null {
    if (Object.hasOwn(setEscapes, char)) return setEscapes[char]!;
    if (char !== "p" && char !== "P") return null;
    if (!this.#take("{")) throw this.#malformed(`has \\${char} without {`);
    const inverted = this.#take("^");
    let name = "";
    for (let next = this.#next(); next !== "}"; next = this.#next()) name += next;
    const set = this.#property(name);
    return inverted === (char === "P") ? set : notOf(set);
  }

  #property(name: string): string {
    const known = posixSets[name.toLowerCase()];
    if (known !== undefined) return known;
    for (const source of [`\\p{${name}}`, `\\p{Script=${name}}`]) {
      if (!/^\w+$/.test(name)) break;
      try {
        new RegExp(source, "v");
        return source;
      } catch {}
    }
    throw this.#malformed(`has the unknown property ${JSON.stringify(name.slice(0, 40))}`);
  }

  /** The code point of an escaped character whose first character was taken. */
  #pointEscape(char: string): number {
    if (Object.hasOwn(controls, char)) return controls[char]!;
    if (char === "x" || char === "u") {
      const braces = char === "x" && this.#take("{");
      let digits = "";
      const wanted = braces ? 8 : char === "x" ? 2 : 4;
      while (digits.length < wanted && /^[0-9a-fA-F]$/.test(this.#chars[this.#at] ?? "")) digits += this.#next();
      const point = Number.parseInt(digits, 16);
      if ((braces && !this.#take("}")) || !(point <= 0x10ffff)) throw this.#malformed(`has a malformed \\${char}`);
      return point;
    }
    if (char === "0") return 0;
    if (/^[A-Za-z0-9]$/.test(char)) throw this.#malformed(`has \\${char}, which is not supported`);
    return char.codePointAt(0)!;
  }

  /** A class after its [ up to its ], as JavaScript's. */
  #class(): string {
    if (++this.#depth > most.depth) throw this.#malformed("is nested too deeply");
    const inverted = this.#take("^");
    const operands: string[] = [];
    let items = "";
    for (let first = true; ; first = false) {
      if (this.#take("&&")) {
        operands.push(`[${items}]`);
        items = "";
      } else if (this.#peek("]") && !first) {
        this.#at++;
        break;
      } else items += this.#classItem();
    }
    this.#depth--;
    const body = operands.length === 0 ? items : [...operands, `[${items}]`].join("&&");
    return `[${inverted ? "^" : ""}${body}]`;
  }

  #classItem(): string {
    if (this.#peek("[:")) {
      const found = /^\[:(\^?)([a-z]+):\]/.exec(this.#chars.slice(this.#at, this.#at + 16).join(""));
      if (found !== null && Object.hasOwn(posixSets, found[2]!)) {
        this.#at += found[0].length;
        return found[1] === "^" ? notOf(posixSets[found[2]!]!) : posixSets[found[2]!]!;
      }
    }
    if (this.#take("[")) return this.#class();
    const from = this.#classPoint();
    if (typeof from === "string") return from;
    const isRange = this.#peek("-") && !["]", undefined].includes(this.#chars[this.#at + 1]);
    if (!isRange) return this.#ignoreCase ? anyCase(from) : literal(from);
    this.#at++;
    const to = this.#peek("[") ? null : this.#classPoint();
    if (typeof to !== "number" || to < from) throw this.#malformed("has a malformed range");
    const range = `${literal(from)}-${literal(to)}`;
    if (!this.#ignoreCase) return range;
    const letters = (first: string, last: string) =>
      from >= first.codePointAt(0)! && to <= last.codePointAt(0)! ? String.fromCodePoint(from) : null;
    if (letters("a", "z") === null && letters("A", "Z") === null) {
      if (to < 0x41) return range;
      throw this.#malformed("has a range regardless of case, which is not supported");
    }
    return Array.from({ length: to - from + 1 }, (_, i) => anyCase(from + i)).join("");
  }

  /** The next character of a class as its code point, or a set. */
  #classPoint(): number | string {
    const char = this.#next();
    if (char !== "\\") return char.codePointAt(0)!;
    const escaped = this.#next();
    if (escaped === "b") return 8;
    return this.#setEscape(escaped) ?? this.#pointEscape(escaped);
  }
}
