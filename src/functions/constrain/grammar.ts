// The automaton of all valid answers: calls over fields over values, lazily built and shared between queries; only
// the inside of extractive strings is built per query.

import { HandheldError } from "../../errors.ts";
import { COPY_FORMATS, type CopyFormat, stretches } from "../copy-formats.ts";
import type { CallSyntax } from "../formats/syntax.ts";
import { type Reference, referencesKey } from "../references.ts";
import type { FunctionSchema } from "../types.ts";
import { type Alternative, choice, END } from "./choice.ts";
import { advance, type Cell, CellTable, type Frame } from "./frame.ts";
import { copyFrom, copySource, type Extractive, FREE_TEXT } from "./text.ts";
import type { Automaton, Grammar, GrammarOptions, State } from "./types.ts";
import { ValueFrames } from "./values.ts";

/** The grammar of answers in `syntax` that call `functions`. */
export function createGrammar(
  syntax: CallSyntax,
  functions: readonly FunctionSchema[],
  options: GrammarOptions = {},
): Grammar {
  const { maxCalls = 4, minCalls = 1, maxItems = 8 } = options;
  if (functions.length === 0) throw new HandheldError("invalid-option", "no functions to call; give at least one");
  if (!(minCalls >= 0 && maxCalls >= 1 && minCalls <= maxCalls && maxItems >= 1)) {
    const got = `minCalls ${minCalls}, maxCalls ${maxCalls}, maxItems ${maxItems}`;
    throw new HandheldError(
      "invalid-option",
      `limits of an answer: 0 <= minCalls <= maxCalls, 1 <= both maxima; got ${got}`,
    );
  }
  const variants = new Map<string, { start: Cell; table: CellTable }>();
  // Queries differ in which formats they hold a value of; those that hold the same share their cells.
  const variant = (missing: readonly CopyFormat[]): { start: Cell; table: CellTable } => {
    const key = missing.join();
    let found = variants.get(key);
    if (!found) {
      const values = new ValueFrames(syntax, maxItems, new Set(missing));
      // An answer must call something: where nothing can be, values of any text are better than none.
      if (!functions.some((f) => values.canFill(f.parameters, []))) found = variant([]);
      else {
        const table = new CellTable(false);
        const calls = new CallFrames(syntax, functions, { maxCalls, minCalls }, values);
        found = { start: table.push(calls.start(), table.push(END, null)), table };
      }
      variants.set(key, found);
    }
    return found;
  };
  return {
    functions,
    automaton(query) {
      const missing = query === undefined ? [] : COPY_FORMATS.filter((format) => stretches(query, format).length === 0);
      const { start, table } = variant(missing);
      return new QueryAutomaton(start, table, query);
    },
  };
}

/** Frames between calls. */
class CallFrames {
  readonly #syntax: CallSyntax;
  readonly #functions: readonly FunctionSchema[];
  readonly #limits: { maxCalls: number; minCalls: number };
  readonly #values: ValueFrames;

  constructor(
    syntax: CallSyntax,
    functions: readonly FunctionSchema[],
    limits: { maxCalls: number; minCalls: number },
    values: ValueFrames,
  ) {
    this.#syntax = syntax;
    this.#functions = functions;
    this.#limits = limits;
    this.#values = values;
  }

  start(): Frame {
    if (this.#syntax.begin === "") return this.#between(0, []);
    return choice("begin", [{ text: this.#syntax.begin, frames: () => [this.#between(0, [])] }]);
  }

  /** After `count` calls, of which `references` return something. */
  #between(count: number, references: readonly Reference[]): Frame {
    const { begin, end, separator } = this.#syntax;
    const enough = count >= this.#limits.minCalls;
    const lead = count === 0 ? "" : separator;
    const alternatives: Alternative[] = count < this.#limits.maxCalls ? this.#openings(count, references, lead) : [];
    if (enough && end !== "") alternatives.push({ text: end, frames: () => [] });
    const key = `b${count}:${referencesKey(references)}`;
    return choice(key, alternatives, { accepts: enough && begin === "" });
  }

  #openings(count: number, references: readonly Reference[], lead: string): Alternative[] {
    const { prefix, open, close, key } = this.#syntax;
    const callable = this.#functions.filter((f) => this.#values.canFill(f.parameters, references));
    return callable.map((f) => {
      const number = count + 1;
      const after = f.returns ? [...references, { number, returns: f.returns }] : references;
      const fields = () => this.#values.entries(f.parameters, key, close, references);
      return { text: lead + prefix(number) + open(f.name), frames: () => [this.#between(number, after), fields()] };
    });
  }
}

/** The grammar with the query's own cells. */
class QueryAutomaton implements Automaton {
  readonly start: Cell;
  readonly #shared: CellTable;
  readonly #local = new CellTable(true);
  readonly #query: string | undefined;
  /** The start of copying, for each set of references and format. */
  readonly #copies = new Map<string, Frame>();
  /** The query's cell in place of each shared placeholder. */
  readonly #placed = new Map<Cell, Cell>();

  constructor(start: Cell, shared: CellTable, query: string | undefined) {
    this.start = start;
    this.#shared = shared;
    this.#query = query;
  }

  next(state: State, byte: number): Cell | null {
    const cell = state as Cell;
    let result = cell.next.get(byte);
    if (!result) {
      result = advance(cell, byte, this.#tableOf) ?? undefined;
      if (!result) return null;
      cell.next.set(byte, result);
    }
    return result.frame.scope === "placeholder" ? this.#place(result) : result;
  }

  #tableOf = (frame: Frame): CellTable => (frame.scope === "query" ? this.#local : this.#shared);

  accepts(state: State): boolean {
    return (state as Cell).frame.accepts;
  }

  #place(placeholder: Cell): Cell {
    let cell = this.#placed.get(placeholder);
    if (!cell) {
      if (this.#query === undefined) cell = this.#shared.push(FREE_TEXT, placeholder.rest);
      else {
        cell = this.#local.push(this.#copy(this.#query, placeholder.frame as Extractive), placeholder.rest);
      }
      this.#placed.set(placeholder, cell);
    }
    return cell;
  }

  #copy(query: string, placeholder: Extractive): Frame {
    let frame = this.#copies.get(placeholder.key);
    if (!frame) this.#copies.set(placeholder.key, (frame = copyFrom(copySource(query, placeholder))));
    return frame;
  }
}
