// A search space: which architectures are worth looking at, as validated data. Enumerates; measures nothing.
import * as z from "zod";
import { HandheldError } from "../errors.ts";
import { countParameters } from "../spec/arithmetic.ts";
import { activations, createSpec, type Spec } from "../spec/spec.ts";

/** Where candidates come from. Replaceable: a list, a grid ({@link createSpace}), a generator that learns. */
export interface SearchSpace {
  readonly name: string;
  /** One line for the reader: what varies and within which limits. */
  readonly description: string;
  /** The candidates, each once, always in the same order. May be long: take what you need. */
  specs(): Iterable<Spec>;
}

const whole = z.number().int().positive();
const range = z.strictObject({ from: whole, to: whole, step: whole.default(1) });
const wholes = z.union([whole.transform((value) => [value]), z.array(whole).nonempty(), range.transform(expand)]);
const list = <T extends z.ZodType>(item: T) => z.union([item.transform((value) => [value]), z.array(item).nonempty()]);

const gridFields = z.strictObject({
  version: z.literal(1).default(1),
  name: z.string().default("grid"),
  /** Parameters, stored ones, both ends inclusive. */
  parameters: z.strictObject({ min: z.number().nonnegative(), max: z.number().positive() }),
  vocabulary: whole,
  context: whole,
  layers: wholes,
  width: wholes,
  /** FFN width ÷ width; the FFN width is rounded to a multiple of 32, the block of the int4 layout. */
  ffnRatio: list(z.number().positive()),
  /** Size of one head; widths it does not divide are left out. */
  headSize: wholes,
  /** Query heads per key/value head; head counts it does not divide are left out. */
  groupSize: wholes.default([1]),
  activation: list(z.enum(activations)).default(["relu"]),
  gated: list(z.boolean()).default([true]),
  layerRepeat: wholes.default([1]),
  tiedEmbeddings: list(z.boolean()).default([true]),
  norm: list(z.enum(["rms", "layer"])).default(["rms"]),
  ropeBase: z.number().positive().default(10_000),
  ropeTable: z.enum(["f32", "int8"]).default("f32"),
});

/** A grid as a user writes it: every axis is one value, a list, or (whole numbers) `{from, to, step}`. */
export type GridInput = z.input<typeof gridFields>;
type Grid = z.output<typeof gridFields>;

/**
 * The grid of all combinations whose parameters lie in the budget: layers vary slowest, then width, FFN ratio, head
 * size, group size, activation, gating, repeat, tying and norm.
 *
 * @throws HandheldError `invalid-spec` naming the axis; `where` prefixes the message.
 * @example
 * ```ts
 * const space = createSpace({
 *   parameters: { min: 1e6, max: 3e6 }, vocabulary: 1024, context: 256,
 *   layers: { from: 2, to: 8, step: 2 }, width: [128, 192, 256], ffnRatio: [2, 3], headSize: 32, groupSize: [1, 2],
 * });
 * [...space.specs()].length;
 * ```
 */
export function createSpace(input: GridInput, where = "search space"): SearchSpace {
  const parsed = gridFields.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new HandheldError("invalid-spec", `${where}: ${issue.path.join(".") || "the whole"}: ${issue.message}`);
  }
  const grid = parsed.data;
  const { min, max } = grid.parameters;
  if (min > max)
    throw new HandheldError("invalid-spec", `${where}: parameters: min ${min} is above max ${max}; swap them`);
  return { name: grid.name, description: describeGrid(grid), specs: () => enumerate(grid) };
}

/** A space of given specs, in their order. */
export function listSpace(specs: readonly Spec[], name = "list"): SearchSpace {
  return { name, description: `${specs.length} given architectures`, specs: () => specs };
}

function* enumerate(grid: Grid): Generator<Spec> {
  const seen = new Set<string>();
  for (const layers of grid.layers)
    for (const width of grid.width)
      for (const ffnRatio of grid.ffnRatio)
        for (const headSize of grid.headSize)
          for (const groupSize of grid.groupSize)
            for (const variant of variants(grid)) {
              const heads = width / headSize;
              if (!Number.isInteger(heads) || heads % groupSize !== 0) continue;
              const ffnWidth = Math.max(32, Math.round((width * ffnRatio) / 32) * 32);
              const spec = createSpec({ ...variant, layers, width, ffnWidth, heads, kvHeads: heads / groupSize });
              const { total } = countParameters(spec);
              const key = JSON.stringify(spec); // two FFN ratios may round to one width
              if (total < grid.parameters.min || total > grid.parameters.max || seen.has(key)) continue;
              seen.add(key);
              yield spec;
            }
}

// The axes that change neither shape nor (but for tying) the number of parameters much, with what is fixed.
function* variants(grid: Grid) {
  const { vocabulary, context, ropeBase, ropeTable } = grid;
  for (const activation of grid.activation)
    for (const gated of grid.gated)
      for (const layerRepeat of grid.layerRepeat)
        for (const tiedEmbeddings of grid.tiedEmbeddings)
          for (const norm of grid.norm)
            yield { vocabulary, context, ropeBase, ropeTable, activation, gated, layerRepeat, tiedEmbeddings, norm };
}

function describeGrid(grid: Grid): string {
  const { min, max } = grid.parameters;
  const axes = ["layers", "width", "ffnRatio", "headSize", "groupSize", "activation", "gated", "layerRepeat"] as const;
  const varied = axes.filter((axis) => grid[axis].length > 1).map((axis) => `${axis} ${grid[axis].join("/")}`);
  return `${varied.join(", ") || "one shape"}; ${(min / 1e6).toFixed(2)}–${(max / 1e6).toFixed(2)} M parameters`;
}

function expand({ from, to, step }: z.output<typeof range>): [number, ...number[]] {
  const values: [number, ...number[]] = [from];
  for (let value = from + step; value <= to; value += step) values.push(value);
  return values;
}
