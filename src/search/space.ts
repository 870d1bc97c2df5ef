// A search space: which architectures may be looked at, as validated data, and their enumeration within a budget of
// parameters. Nothing is measured or judged here, and no Spec is made but for one per variant: a million shapes are loops
// over whole numbers.
import * as z from "zod";
import { HandheldError, suggest } from "../errors.ts";
import { activations, createSpec, type Spec } from "../spec/spec.ts";

/** No size of any model is larger. */
const mostWhole = 2 ** 24;
/** Values of an axis, and combinations of all axes but the FFN's, at most: beyond, a space is a slip of the pen. */
const mostValues = 10_000;
const mostStems = 2e7;

const whole = z.number().int().positive().max(mostWhole);
const range = z
  .strictObject({ from: whole, to: whole, step: whole.default(1) })
  .refine(({ from, to, step }) => from <= to && (to - from) / step < mostValues);
const wholes = z.union(
  [whole.transform((value) => [value]), listOf(whole), range.transform(expand)],
  `takes a whole number above 0 (at most ${mostWhole}), a list of them, or a range {from, to, step} of at most ${mostValues} values whose end is not before its start`,
);
const list = <T extends z.ZodType>(item: T, values: string) =>
  z.union([item.transform((value) => [value]), listOf(item)], `takes ${values}, or a list of them`);

/** A list without what it says twice. */
function listOf<T extends z.ZodType>(item: T) {
  return z
    .array(item)
    .nonempty()
    .max(mostValues)
    .transform((values) => [...new Set(values)]);
}

const axes = z.strictObject({
  version: z.literal(1).default(1),
  name: z.string().min(1).max(80).default("space"),
  /** Where the limits come from, for reports. */
  note: z.string().max(400).default(""),
  /** Stored parameters, both ends inclusive, where whoever searches does not say. */
  parameters: z.strictObject({ min: z.number().nonnegative(), max: z.number().positive() }).optional(),
  vocabulary: list(whole, "a whole number above 0"),
  context: whole.default(2048),
  layers: wholes,
  width: wholes,
  /** FFN width ÷ width, both ends inclusive; every multiple of `ffnStep` between them is looked at. */
  ffnRatio: z.strictObject(
    { min: z.number().positive(), max: z.number().positive() },
    "takes {min, max}: FFN width ÷ width, two numbers above 0",
  ),
  /** The int4 layout has blocks of 32. */
  ffnStep: whole.default(32),
  /** Number of query heads; or, instead, the size of one. Widths that they do not divide evenly are left out. */
  heads: wholes.optional(),
  headSize: wholes.optional(),
  /** Number of key/value heads; or, instead, query heads per key/value head. Default: as many as heads. */
  kvHeads: wholes.optional(),
  groupSize: wholes.optional(),
  activation: list(z.enum(activations), activations.join(", ")).default(["relu"]),
  gated: list(z.boolean(), "true or false").default([true]),
  tiedEmbeddings: list(z.boolean(), "true or false").default([true]),
  layerRepeat: wholes.default([1]),
  norm: z.enum(["rms", "layer"]).default("rms"),
  normEps: z.number().positive().max(0.1).default(1e-6),
  ropeBase: z.number().positive().default(10_000),
  ropeTable: z.enum(["f32", "int8"]).default("f32"),
});

const fields = axes
  .refine(({ heads, headSize }) => (heads === undefined) !== (headSize === undefined), {
    path: ["heads"],
    message: "give either `heads` or `headSize`",
  })
  .refine(({ kvHeads, groupSize }) => kvHeads === undefined || groupSize === undefined, {
    path: ["kvHeads"],
    message: "give `kvHeads` or `groupSize`, not both",
  })
  .refine(({ ffnRatio }) => ffnRatio.min <= ffnRatio.max, { path: ["ffnRatio"], message: "`min` is above `max`" });

/** A space as a user writes it. */
export type SpaceInput = z.input<typeof fields>;

/** Stored parameters that a model may have, both ends inclusive. */
export interface Budget {
  min: number;
  max: number;
}

/** A validated space. */
export interface Space extends z.output<typeof fields> {
  /** All combinations of what is not a size: one Spec each, with sizes that stand for nothing. */
  readonly variants: readonly Spec[];
}

/**
 * Validates a space.
 *
 * @throws HandheldError `invalid-spec` naming the axis; `where` prefixes the message.
 * @example
 * ```ts
 * const space = createSpace({
 *   vocabulary: 1024, layers: { from: 2, to: 8 }, width: [128, 192, 256], ffnRatio: { min: 2, max: 4 }, headSize: 32,
 * });
 * countShapes(space, { min: 1e6, max: 2e6 });
 * ```
 */
export function createSpace(input: SpaceInput | unknown, where = "search space"): Space {
  const parsed = fields.safeParse(input);
  if (!parsed.success) {
    throw new HandheldError("invalid-spec", `${where}: ${wrong(parsed.error.issues[0]!)}`);
  }
  if (parsed.data.parameters) checkBudget(parsed.data.parameters, where);
  checkStems(parsed.data, where);
  return { ...parsed.data, variants: variantsOf(parsed.data) };
}

function wrong(issue: z.core.$ZodIssue): string {
  const field = issue.path.join(".");
  if (issue.code !== "unrecognized_keys") return `${field || "the whole"}: ${issue.message}`;
  const [key] = issue.keys;
  return `${field === "" ? "" : `${field}: `}there is no field ${JSON.stringify(key)}${suggest(key!, Object.keys(axes.shape))}`;
}

function checkStems(space: z.output<typeof fields>, where: string): void {
  const { layers, width, heads, headSize, kvHeads, groupSize, layerRepeat } = space;
  const sizes = [layers, width, heads ?? headSize!, kvHeads ?? groupSize ?? [1], layerRepeat];
  const options = [space.vocabulary, space.activation, space.gated, space.tiedEmbeddings];
  const stems = [...sizes, ...options].reduce((product, { length }) => product * length, 1);
  if (stems <= mostStems) return;
  throw new HandheldError(
    "invalid-spec",
    `${where}: the axes have ${stems.toExponential(1)} combinations besides FFN widths, more than ${mostStems.toExponential(0)}; take larger steps of layers or width`,
  );
}

function checkBudget({ min, max }: Budget, where: string): void {
  if (min > max) {
    throw new HandheldError("invalid-spec", `${where}: parameters: min ${min} is above max ${max}; swap them`);
  }
}

function variantsOf(space: z.output<typeof fields>): Spec[] {
  const { context, norm, normEps, ropeBase, ropeTable } = space;
  const fixed = { context, norm, normEps, ropeBase, ropeTable, layers: 1, width: 64, ffnWidth: 64, heads: 1 };
  const variants: Spec[] = [];
  for (const vocabulary of space.vocabulary)
    for (const activation of space.activation)
      for (const gated of space.gated)
        for (const tiedEmbeddings of space.tiedEmbeddings)
          for (const layerRepeat of space.layerRepeat)
            variants.push(createSpec({ ...fixed, vocabulary, activation, gated, tiedEmbeddings, layerRepeat }));
  return variants;
}

/** A shape of a space in whole numbers; `variant` is an index of {@link Space.variants}. */
export interface ShapeCode {
  layers: number;
  width: number;
  ffnWidth: number;
  heads: number;
  kvHeads: number;
  variant: number;
}

/** Everything of a shape but its FFN width, and the FFN widths that meet a budget. */
export interface Stem extends Omit<ShapeCode, "ffnWidth"> {
  /** Least and greatest FFN width, multiples of the step. */
  ffnFrom: number;
  ffnTo: number;
}

/** The spec of a shape, unchecked: for shapes that {@link stemsOf} made. */
export function specOf(space: Space, { layers, width, ffnWidth, heads, kvHeads, variant }: ShapeCode): Spec {
  const headSize = width / heads;
  const sizes = { layers, width, ffnWidth, heads, kvHeads, headSize, ropeSize: headSize, embeddingWidth: width };
  return { ...space.variants[variant]!, ...sizes };
}

/** All stems that have a shape within the budget, each once: layers vary slowest, then width, heads, key/value heads. */
export function* stemsOf(space: Space, budget: Budget): Generator<Stem> {
  checkBudget(budget, space.name);
  for (const layers of space.layers)
    for (const width of space.width)
      for (const heads of headsOf(space, width))
        for (const kvHeads of kvHeadsOf(space, heads))
          for (let variant = 0; variant < space.variants.length; variant++) {
            const stem = stemOf(space, budget, { layers, width, heads, kvHeads, variant });
            if (stem !== null) yield stem;
          }
}

/** The numbers of heads that a width may have. */
export function headsOf({ heads, headSize }: Space, width: number): number[] {
  const counts = heads ?? headSize!.map((size) => width / size);
  return counts.filter((count) => count >= 1 && Number.isInteger(width / count) && (width / count) % 2 === 0);
}

/** The numbers of key/value heads that go with a number of heads. */
export function kvHeadsOf({ kvHeads, groupSize }: Space, heads: number): number[] {
  const counts = kvHeads ?? (groupSize ?? [1]).map((size) => heads / size);
  return [...new Set(counts)].filter((count) => count >= 1 && Number.isInteger(count) && heads % count === 0);
}

/** The FFN widths with which a stem meets the budget; null where none does. */
export function stemOf(space: Space, { min, max }: Budget, stem: Omit<ShapeCode, "ffnWidth">): Stem | null {
  const { ffnStep, ffnRatio } = space;
  const { layers, width } = stem;
  const perFfn = layers * width * (space.variants[stem.variant]!.gated ? 3 : 2);
  const rest = parametersWithoutFfn(space, stem);
  const least = Math.max(ffnRatio.min * width, (min - rest) / perFfn, 1);
  const most = Math.min(ffnRatio.max * width, (max - rest) / perFfn);
  const ffnFrom = Math.ceil(least / ffnStep - 1e-9) * ffnStep;
  const ffnTo = Math.floor(most / ffnStep + 1e-9) * ffnStep;
  return ffnFrom > ffnTo ? null : { ...stem, ffnFrom, ffnTo };
}

// As countParameters of src/spec, for what a space can hold.
function parametersWithoutFfn(space: Space, { layers, width, heads, kvHeads, variant }: Omit<ShapeCode, "ffnWidth">) {
  const { vocabulary, tiedEmbeddings, norm } = space.variants[variant]!;
  const headSize = width / heads;
  const attention = 2 * width * headSize * (heads + kvHeads);
  const norms = (2 * layers + 1) * width * (norm === "layer" ? 2 : 1);
  return vocabulary * width * (tiedEmbeddings ? 1 : 2) + layers * attention + norms;
}

/** Shapes within a budget, counted without looking at each. */
export function countShapes(space: Space, budget: Budget): number {
  let count = 0;
  for (const { ffnFrom, ffnTo } of stemsOf(space, budget)) count += (ffnTo - ffnFrom) / space.ffnStep + 1;
  return count;
}

/** What varies in a space, in a line. */
export function describeSpace(space: Space): string {
  const { ffnRatio } = space;
  const axes = ["layers", "width", "heads", "headSize", "kvHeads", "groupSize", "activation"] as const;
  const others = ["gated", "tiedEmbeddings", "layerRepeat", "vocabulary"] as const;
  const varied = [...axes, ...others].flatMap((axis) => {
    const values = space[axis];
    return values !== undefined && values.length > 1 ? [`${axis} ${span(values)}`] : [];
  });
  return [...varied, `FFN ${ffnRatio.min} to ${ffnRatio.max} widths`].join(", ");
}

function span(values: readonly (string | number | boolean)[]): string {
  if (values.length <= 4) return values.join("/");
  return `${values[0]} to ${values.at(-1)} (${values.length})`;
}

function expand({ from, to, step }: { from: number; to: number; step: number }): [number, ...number[]] {
  const values: [number, ...number[]] = [from];
  for (let value = from + step; value <= to; value += step) values.push(value);
  return values;
}
