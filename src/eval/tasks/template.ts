// Templates of task files: Jinja over a row of data, as lm-evaluation-harness sets it up (blocks keep their line breaks, what
// is undefined is an error, re.sub is a filter), and the Python methods of texts and lists that such files call.
import {
  BoundedInterpreter,
  interpret,
  type Origin,
  type Program,
  parseTemplate,
  Scope,
  type Statement,
  type Value,
} from "../../tokenizer/template-limits.ts";
import { pythonRegex, substitute } from "./python-regex.ts";
import { pythonText } from "./python-text.ts";

/** A row of a data set: values by column. */
export type Row = Readonly<Record<string, unknown>>;

/** A template that was read. */
export interface Template {
  /** The text for a row. @throws HandheldError `invalid-file` that names the file and the field */
  render(row: Row): string;
  /** As {@link render}, but a template that is one expression gives that expression's value, not its text. */
  value(row: Row): unknown;
}

/** Reads a template. @throws HandheldError `invalid-file` that begins with `where` */
export function compileTemplate(source: string, where: string): Template {
  const origin: Origin = { where, what: "the template" };
  const program = parseTemplate(source, origin, { trimBlocks: false });
  // One line break at the end is left out by Jinja, and kept by the harness.
  const tail = source.endsWith("\n") ? "\n" : "";
  const { body } = program as { body: Statement[] };
  const only = body.length === 1 && tail === "" && isExpression(body[0]!) ? body[0]! : null;
  const run = (row: Row, what: Program | Statement): Value =>
    interpret(row, origin, (scope) => {
      const interpreter = new TaskInterpreter(scope, row, origin);
      return what === program ? interpreter.run(program) : interpreter.evaluate(what as Statement, scope);
    });
  const render = (row: Row) => String(run(row, program).value) + tail;
  return { render, value: (row) => (only === null ? render(row) : plain(run(row, only))) };
}

function isExpression({ type }: Statement): boolean {
  return !["If", "For", "Set", "Macro", "CallStatement", "FilterStatement", "Comment", "Break", "Continue"].includes(
    type,
  );
}

function plain({ value }: Value): unknown {
  if (Array.isArray(value)) return value.map((item: Value) => plain(item));
  if (value instanceof Map) return Object.fromEntries(Array.from(value, ([key, item]) => [key, plain(item as Value)]));
  return value;
}

class TaskInterpreter extends BoundedInterpreter {
  readonly #origin: Origin;
  /** Nodes that may be undefined: what `is defined` and `default` look at. */
  readonly #optional = new WeakSet<Statement>();

  constructor(scope: Scope, row: Row, origin: Origin) {
    super(scope, row, origin);
    this.#origin = origin;
  }

  /** Values of expressions are written as Python writes them; the library writes JSON, and nothing for none. */
  override evaluateBlock(statements: readonly Statement[], scope: Scope): Value {
    const written = statements.map((statement) => {
      const value = this.evaluate(statement, scope);
      const isText = typeof value.value === "string";
      return isText || (isExpression(statement) && value.type !== "UndefinedValue") ? pythonText(plain(value)) : "";
    });
    return new Scope().set("text", written.join(""));
  }

  override evaluate(statement: Statement | undefined, scope: Scope): Value {
    const chosen = statement?.type === "MemberExpression" ? this.#byTruth(statement, scope) : null;
    if (chosen !== null) return chosen;
    if (statement?.type === "FilterExpression" && nameOf(statement.filter) === "regex_replace") {
      return this.#regexReplace(statement, scope);
    }
    const asks = statement?.type === "TestExpression" || nameOf(statement?.filter) === "default";
    if (asks && statement?.operand) this.#optional.add(statement.operand);
    const value = super.evaluate(statement, scope);
    if (value.type !== "UndefinedValue" || statement === undefined) return value;
    const method = statement.type === "MemberExpression" ? this.#method(statement, scope) : null;
    if (method !== null) return method;
    const isName = statement.type === "Identifier" || statement.type === "MemberExpression";
    if (isName && !this.#optional.has(statement)) throw new Error(`${JSON.stringify(spell(statement))} is undefined`);
    return value;
  }

  /** An element of a list by a truth value, which Python counts as 0 or 1. */
  #byTruth({ object, property, computed }: Statement, scope: Scope): Value | null {
    if (!computed || (property?.type !== "Identifier" && property?.type !== "MemberExpression")) return null;
    const { value } = this.evaluate(property, scope);
    const list = typeof value === "boolean" ? this.evaluate(object, scope).value : null;
    return Array.isArray(list) ? ((list[Number(value)] as Value | undefined) ?? null) : null;
  }

  /** A method that Python's value has and the library's has not. */
  #method({ object, property, computed }: Statement, scope: Scope): Value | null {
    if (computed || object === undefined || typeof property?.value !== "string") return null;
    const { value } = super.evaluate(object, scope);
    const methods = Array.isArray(value)
      ? listMethods(value as Value[])
      : typeof value === "string"
        ? textMethods(value)
        : {};
    return Object.hasOwn(methods, property.value) ? new Scope().set("method", methods[property.value]) : null;
  }

  #regexReplace({ operand, filter }: Statement, scope: Scope): Value {
    const given = super.evaluate(operand, scope).value;
    const [pattern, replacement, count = 0] = (filter?.args ?? []).map(
      (argument) => super.evaluate(argument, scope).value,
    );
    if (typeof pattern !== "string" || typeof replacement !== "string") {
      throw new Error("regex_replace takes a pattern and a replacement");
    }
    const regex = pythonRegex(pattern, this.#origin.where);
    return new Scope().set("text", substitute(String(given), regex, replacement, Number(count)));
  }
}

type Methods = Record<string, (...values: never[]) => unknown>;

function listMethods(list: readonly Value[]): Methods {
  const find = (wanted: unknown) => list.findIndex(({ value }) => pythonEqual(value, wanted));
  return {
    index(wanted: unknown) {
      const at = find(wanted);
      if (at < 0) throw new Error(`${JSON.stringify(wanted)} is not in the list`);
      return at;
    },
    count: (wanted: unknown) => list.filter(({ value }) => pythonEqual(value, wanted)).length,
  };
}

// True is 1, and False is 0.
function pythonEqual(a: unknown, b: unknown): boolean {
  const number = (value: unknown) => (typeof value === "boolean" ? Number(value) : value);
  return number(a) === number(b);
}

function textMethods(text: string): Methods {
  return {
    index(wanted: string) {
      const at = text.indexOf(wanted);
      if (at < 0) throw new Error(`${JSON.stringify(wanted)} is not in the text`);
      return at;
    },
    find: (wanted: string) => text.indexOf(wanted),
    count: (wanted: string) => text.split(wanted).length - 1,
    isdigit: () => /^\d+$/.test(text),
    join: (items: readonly Value[]) => items.map(({ value }) => String(value)).join(text),
  };
}

/** The name of a filter, with or without arguments. */
function nameOf(filter: Statement | undefined): unknown {
  return filter?.type === "CallExpression" ? filter.callee?.value : filter?.value;
}

function spell(statement: Statement): string {
  if (statement.type !== "MemberExpression") return String(statement.value);
  return `${statement.object ? spell(statement.object) : "…"}.${String(statement.property?.value ?? "…")}`;
}
