// Damages JSON values by their structure, and writes them as text, also where no JSON.stringify would: names given twice,
// numbers that no float holds, nesting that no recursion survives.
import type { Random } from "../../src/random.ts";

/** A JSON value, or its text. */
type Json = unknown;

/** Text that stands for itself. */
class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const oddTexts: readonly string[] = [
  ...[
    "null",
    "true",
    "false",
    "{}",
    "[]",
    '""',
    "0",
    "-0",
    "1",
    "-1",
    "0.5",
    "3",
    "1e308",
    "1e400",
    "-1e400",
    "5e-324",
  ],
  ...["2147483647", "2147483648", "4294967296", "9007199254740991", "9007199254740992", "18446744073709551615"],
  ...['"NaN"', '"Infinity"', '"1"', '"\\u0000"', '"\\ud800"', '"\\n\\u001b[31m"', '"../../x"', '"default"', '"none"'],
  ...["[1,2]", "[null]", '["a"]', '{"toString":1}', '{"valueOf":null,"toString":null}', '{"__proto__":{"x":1}}'],
  ...['{"length":1e9}', '{"type":"linear","factor":1e308}', '{"rope_type":"yarn","factor":-1}', "[[[[]]]]"],
];
const oddNames = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "length",
  "",
  "\u0000",
  "x\ny",
];

/** A value of another kind than was there. */
export function oddJson(random: Random): Json {
  const kind = random.below(200);
  if (kind === 0) return new Raw(nested(random.pick([100, 10_000, 100_000]), random.pick(["[", '{"a":'])));
  if (kind === 1) return "x".repeat(random.pick([1000, 100_000]));
  if (kind === 2) return Array.from({ length: random.pick([1000, 20_000]) }, (_, i) => i);
  if (kind < 20) return random.below(2 ** 31) * random.pick([1, -1, 2, 0.5, 2 ** 20]);
  return new Raw(random.pick(oddTexts));
}

function nested(depth: number, open: string): string {
  return open.repeat(depth) + (open === "[" ? "" : "1") + (open === "[" ? "]" : "}").repeat(depth);
}

/** A damaged copy of a parsed JSON value: one to four changes, anywhere in it. */
export function mutateJson(value: Json, random: Random): Json {
  const root = { root: structuredClone(value) };
  for (let left = 1 + random.below(4); left > 0; left--) {
    const holders = holdersIn(root);
    change(random.pick(holders), random);
  }
  return root.root;
}

type Holder = Record<string, Json> | Json[];

/** Everything in a value that has parts, itself first. Long lists count as themselves, not by their items. */
function holdersIn(value: Json, found: Holder[] = []): Holder[] {
  if (typeof value !== "object" || value === null || value instanceof Raw) return found;
  found.push(value as Holder);
  const parts = Object.values(value);
  if (parts.length < 1000) for (const part of parts) holdersIn(part, found);
  return found;
}

function change(holder: Holder, random: Random): void {
  const names = Object.keys(holder);
  const name = random.pick(names.length === 0 ? oddNames : names);
  const value = Object.hasOwn(holder, name) ? (holder as Record<string, Json>)[name] : null;
  const kind = random.below(8);
  if (kind === 0) remove(holder, name);
  else if (kind === 1) set(holder, random.pick(oddNames), random.pick([value, oddJson(random)]));
  else if (kind === 2) set(holder, name, [value]);
  else if (kind === 3 && names.length > 0) set(holder, name, (holder as Record<string, Json>)[random.pick(names)]);
  else if (kind === 4 && typeof value === "number") set(holder, name, nearby(value, random));
  else set(holder, name, oddJson(random));
}

function remove(holder: Holder, name: string): void {
  if (Array.isArray(holder)) holder.pop();
  else delete holder[name];
}

function nearby(value: number, random: Random): number {
  return random.pick([
    -value,
    value + 1,
    value - 1,
    value / 2,
    value * 3,
    value * 2 ** 20,
    value * 1e300,
    String(value) as never,
  ]);
}

// Not an assignment: "__proto__" is a name like others in JSON.
function set(holder: Holder, name: string, value: Json): void {
  if (Array.isArray(holder) && name === "length") return;
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
}

/** The text of a value that {@link mutateJson} made. */
export function jsonText(value: Json): string {
  const raws: string[] = [];
  // Undefined where nothing is left.
  const text: string = JSON.stringify(value ?? null, (_, part) =>
    part instanceof Raw ? `\u0001${raws.push(part.text) - 1}` : part,
  );
  return text.replace(/"\\u0001(\d+)"/g, (_, i) => raws[Number(i)]!);
}

/** Gives one name of an object's text twice, here and there. */
export function repeatName(text: string, random: Random): string {
  const names = [...text.matchAll(/"([a-z_]+)":/g)];
  if (names.length === 0) return text;
  const { 0: found, index } = random.pick(names);
  return `${text.slice(0, index)}${found}${jsonText(oddJson(random))},${text.slice(index)}`;
}
