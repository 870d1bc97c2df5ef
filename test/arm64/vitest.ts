// The part of vitest's interface that the tests run on arm64 use, on top of node:test. Vitest itself does not start
// there: its bundler is a native add-on that `npm ci` installs for this machine only. Not a test framework of its own.
import { AssertionError, deepStrictEqual } from "node:assert";
import * as runner from "node:test";
import { format } from "node:util";

export const { after: afterAll, afterEach, before: beforeAll, beforeEach } = runner;

type Body = (...values: never[]) => unknown;
type AnyBody = (...values: unknown[]) => unknown;
type Declare = (name: string, body: AnyBody) => unknown;

/** `declare(name, body)` with vitest's `each`: the body once for each row of values, `%s` in the name filled in. */
function withEach(declare: Declare) {
  const each = (rows: readonly unknown[]) => (name: string, body: Body) => {
    for (const row of rows) {
      const values = Array.isArray(row) ? row : [row];
      const places = name.match(/%[^%]/g)?.length ?? 0;
      declare(format(name, ...values.slice(0, places)), () => body(...(values as never[])));
    }
  };
  return Object.assign((name: string, body: Body) => declare(name, body as AnyBody), { each });
}

export const describe = withEach((name, body) => runner.describe(name, () => void body()));
export const it = withEach((name, body) => runner.it(name, async (context) => void (await body(context))));
export const test = it;

/** True when `actual` equals `wanted` as vitest's toEqual has it: structure and values, not undefined properties. */
function equal(actual: unknown, wanted: unknown): boolean {
  try {
    deepStrictEqual(actual, wanted);
    return true;
  } catch {
    return false;
  }
}

function thrown(call: unknown): unknown {
  try {
    (call as () => unknown)();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Each matcher says whether `actual` passes. */
const matchers = {
  toBe: Object.is,
  toEqual: equal,
  toBeLessThan: (actual: number, limit: number) => actual < limit,
  toBeGreaterThan: (actual: number, limit: number) => actual > limit,
  toBeCloseTo: (actual: number, wanted: number, digits = 2) => Math.abs(actual - wanted) < 10 ** -digits / 2,
  toHaveLength: (actual: { length: number }, length: number) => actual.length === length,
  toThrow(actual: unknown, wanted: string | RegExp = "") {
    const error = thrown(actual);
    if (!(error instanceof Error)) return false;
    return typeof wanted === "string" ? error.message.includes(wanted) : wanted.test(error.message);
  },
};

type Expectation = { [Name in keyof typeof matchers]: (...wanted: unknown[]) => void };

function expectation(actual: unknown, label: string, negated: boolean): Expectation {
  const entries = Object.entries(matchers).map(([name, matches]) => {
    const check = (...wanted: unknown[]) => {
      if ((matches as (...values: unknown[]) => boolean)(actual, ...wanted) !== negated) return;
      const message = `${label && `${label}: `}expected ${format(actual)} ${negated ? "not " : ""}${name} ${format(...wanted)}`;
      throw new AssertionError({ message, actual, expected: wanted[0], operator: name, stackStartFn: check });
    };
    return [name, check];
  });
  return Object.fromEntries(entries) as Expectation;
}

export function expect(actual: unknown, label = ""): Expectation & { not: Expectation } {
  return { ...expectation(actual, label, false), not: expectation(actual, label, true) };
}
