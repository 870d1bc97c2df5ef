// Runs Jinja templates that nobody vouches for, of chats and of tasks: steps, sizes and depth are bounded, so that one with
// endless loops or growing texts ends in an error, in a page as well as in Node.
import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";
import { invalidFile } from "../errors.ts";

/** Bounds of one rendering. A conversation of a thousand messages with tools takes some 100,000 steps. */
const most = { source: 1 << 18, steps: 2_000_000, text: 1 << 21, items: 1 << 18, range: 100_000 } as const;

// What is used of the library; its own types do not resolve under NodeNext.
/** A value of the interpreter. */
export interface Value {
  type: string;
  value: unknown;
}
/** A node of a parsed template; which fields it has goes by its type. */
export interface Statement {
  type: string;
  value?: unknown;
  iterable?: Statement;
  lhs?: Statement;
  assignee?: Statement;
  object?: Statement;
  property?: Statement;
  computed?: boolean;
  operand?: Statement;
  filter?: Statement;
  callee?: Statement;
  args?: Statement[];
}
/** Variables of a rendering; `set` returns the value that it made. */
export type Scope = { set(name: string, value: unknown): Value };
const Base = Interpreter as unknown as new (
  scope: Scope,
) => {
  run(program: Program): Value;
  evaluate(statement: Statement | undefined, scope: Scope): Value;
  evaluateBlock(statements: readonly Statement[], scope: Scope): Value;
};
export const Scope = Environment as unknown as new () => Scope;

/** A parsed template. */
export type Program = object;

/** Where a template comes from and what it is called, for messages. */
export interface Origin {
  where: string;
  /** Default: "the chat template". */
  what?: string;
}

/** How to read a template. */
export interface ParseOptions {
  /** Whether line breaks behind blocks, and spaces before them, are left out, as in chat templates. Default true. */
  trimBlocks?: boolean;
}

/** Parses a template. @throws HandheldError `invalid-file` that begins with the origin */
export function parseTemplate(source: string, origin: string | Origin, options: ParseOptions = {}): Program {
  const { where, what } = named(origin);
  if (source.length > most.source) throw invalidFile(where, `${what} has more than ${most.source} characters`);
  const { trimBlocks = true } = options;
  try {
    return parse(tokenize(source, { lstrip_blocks: trimBlocks, trim_blocks: trimBlocks }));
  } catch (cause) {
    throw templateError(origin, cause);
  }
}

function named(origin: string | Origin): Required<Origin> {
  return { what: "the chat template", ...(typeof origin === "string" ? { where: origin } : origin) };
}

/**
 * Renders a template with variables.
 *
 * @throws HandheldError `invalid-file` for a template that fails or takes too long; errors of functions among the variables
 *   that are HandheldErrors pass through; `where` prefixes it
 */
export function renderTemplate(program: Program, variables: Readonly<Record<string, unknown>>, where: string): string {
  return interpret(variables, where, (scope) => {
    return String(new BoundedInterpreter(scope, variables, where).run(program).value);
  });
}

/** Runs an interpreter over variables, Python's constants and `range`. @throws as {@link renderTemplate} */
export function interpret<T>(
  variables: Readonly<Record<string, unknown>>,
  origin: string | Origin,
  run: (scope: Scope) => T,
): T {
  const scope = new Scope();
  const constants = { true: true, false: false, none: null, True: true, False: false, None: null };
  try {
    for (const [name, value] of Object.entries({ ...constants, range, ...variables })) scope.set(name, value);
    return run(scope);
  } catch (cause) {
    throw templateError(origin, cause);
  }
}

function templateError(origin: string | Origin, cause: unknown): Error {
  if (cause instanceof Error && cause.name === "HandheldError") return cause;
  const { where, what } = named(origin);
  const reason = cause instanceof RangeError ? "is nested too deeply" : `fails: ${(cause as Error).message}`;
  return invalidFile(where, `${what} ${reason.replace(/\s+/g, " ").slice(0, 300)}`, cause);
}

// Python's range, as far as it is short.
function range(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (step === 0) throw new Error("range() step must not be zero");
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (!(count <= most.range)) throw new Error(`range() of ${count} numbers is longer than ${most.range}`);
  return Array.from({ length: count }, (_, i) => from + i * step);
}

/** An interpreter that counts what it does; what templates of another kind know beyond is a subclass's. */
export class BoundedInterpreter extends Base {
  readonly #origin: string | Origin;
  readonly #text: number;
  readonly #items: number;
  #steps = 0;
  /** What loops go over: each round costs, though its body may be empty. */
  readonly #iterables = new WeakSet<object>();
  /** How many values are within a value. */
  readonly #sizes = new WeakMap<object, number>();

  constructor(scope: Scope, variables: Readonly<Record<string, unknown>>, origin: string | Origin) {
    super(scope);
    this.#origin = origin;
    const given = sizeOf(variables);
    this.#text = most.text + 8 * given.characters;
    this.#items = most.items + 4 * given.items;
  }

  override evaluate(statement: Statement | undefined, scope: Scope): Value {
    this.#pay(1);
    if (statement?.type === "For" && statement.iterable !== undefined) {
      const { iterable } = statement;
      this.#iterables.add(iterable.type === "SelectExpression" ? iterable.lhs! : iterable);
    }
    const value = super.evaluate(statement, scope);
    const length = this.#check(value);
    this.#pay(statement !== undefined && this.#iterables.has(statement) ? 8 * length : length >> 4);
    // `set space.name = value` changes a value that was looked at before.
    const target = statement?.type === "Set" ? statement.assignee : undefined;
    if (target?.type === "MemberExpression") this.#check(super.evaluate(target.object, scope));
    return value;
  }

  #pay(steps: number): void {
    this.#steps += steps;
    if (this.#steps > most.steps) throw this.#excess(`takes more than ${most.steps} steps`);
  }

  #excess(reason: string): Error {
    const { where, what } = named(this.#origin);
    return invalidFile(where, `${what} ${reason}`);
  }

  // Its length, for what follows to cost.
  #check(value: Value): number {
    const inner = value.value;
    if (typeof inner === "string") {
      if (inner.length <= this.#text) return inner.length >> 4;
      throw this.#excess(`makes a text of ${inner.length} characters`);
    }
    if (Array.isArray(inner)) {
      this.#size(value);
      return inner.length;
    }
    if (inner instanceof Map) {
      this.#size(value);
      return inner.size;
    }
    return 0;
  }

  // Values within values, each as often as it would be written: lists of lists of the same list grow without a loop.
  #size(value: Value): number {
    const inner = value.value;
    const children = Array.isArray(inner)
      ? (inner as Value[])
      : inner instanceof Map
        ? [...(inner as Map<string, Value>).values()]
        : null;
    if (children === null) return 1;
    const known = this.#sizes.get(value);
    if (known !== undefined) return known;
    let size = 1;
    for (const child of children) {
      // What can change later has no size to remember.
      if (child.type === "NamespaceValue") throw this.#excess("puts a namespace in a value");
      size += this.#size(child);
    }
    if (size > this.#items) throw this.#excess(`makes a value of ${size} values`);
    if (value.type !== "NamespaceValue") this.#sizes.set(value, size);
    return size;
  }
}

function sizeOf(value: unknown): { items: number; characters: number } {
  const size = { items: 0, characters: 0 };
  const visit = (inner: unknown): void => {
    size.items++;
    if (typeof inner === "string") size.characters += inner.length;
    else if (typeof inner === "object" && inner !== null) for (const item of Object.values(inner)) visit(item);
  };
  visit(value);
  return size;
}
