// Filters and orders over the catalogue.
import { activations } from "../spec/spec.ts";
import type { DescribedModel } from "./describe.ts";
import { catalogueModels } from "./models/index.ts";
import { attentionKinds } from "./types.ts";

/** What must hold of a model; all of it. Text is compared without case. */
export interface Selection {
  organisation?: string | undefined;
  attention?: string | undefined;
  activation?: string | undefined;
  /** Only those whose training data is open. */
  openData?: boolean | undefined;
  maxParameters?: number | undefined;
  /** Most bytes as int4. */
  maxBytes?: number | undefined;
  /** Only those that the machine can hold. */
  fits?: boolean | undefined;
  /** Part of a name, repository, organisation or family. */
  search?: string | undefined;
}

/** Names that filters take. */
export const filterValues = {
  organisation: [...new Set(catalogueModels.map(({ organisation }) => organisation))],
  attention: attentionKinds,
  activation: activations,
} as const;

type Key = (model: DescribedModel) => string | number | null;

/** Columns to sort by. `organisation` is the order of the survey's table. */
export const sortColumns = {
  organisation: null,
  name: ({ name }) => name.toLowerCase(),
  date: ({ date }) => date,
  attention: ({ attention }) => attention,
  activation: ({ activation }) => activation,
  context: ({ context }) => context,
  parameters: (model) => parametersOf(model),
  size: ({ int4Bytes }) => int4Bytes,
  kv: ({ kvBytesPerToken }) => kvBytesPerToken,
  memory: ({ neededBytes }) => neededBytes,
} as const satisfies Record<string, Key | null>;
export type SortColumn = keyof typeof sortColumns;

/** The models that pass, sorted, smallest and oldest first; what is not known comes last. */
export function selectModels(
  models: readonly DescribedModel[],
  selection: Selection,
  sort: SortColumn = "organisation",
): DescribedModel[] {
  const passing = models.filter((model) => passes(model, selection));
  const key: Key | null = sortColumns[sort];
  return key === null ? passing : passing.sort((a, b) => compare(key(a), key(b)));
}

function passes(model: DescribedModel, selection: Selection): boolean {
  const { organisation, attention, activation, openData, maxParameters, maxBytes, fits, search } = selection;
  return (
    (organisation === undefined || same(model.organisation, organisation)) &&
    (attention === undefined || same(model.attention, attention)) &&
    (activation === undefined || same(model.activation, activation)) &&
    (!openData || model.openData) &&
    (maxParameters === undefined || parametersOf(model) <= maxParameters) &&
    (maxBytes === undefined || (model.int4Bytes !== null && model.int4Bytes <= maxBytes)) &&
    (!fits || model.fits === true) &&
    (search === undefined || matches(model, search.toLowerCase()))
  );
}

function matches({ name, id, organisation, family }: DescribedModel, text: string): boolean {
  return [name, id, organisation, family ?? ""].some((field) => field.toLowerCase().includes(text));
}

/** The number of weights, or the nominal size where neither the engine nor its authors count them. */
function parametersOf({ parameters, size }: DescribedModel): number {
  return parameters ?? Number(size.slice(0, -1)) * (size.endsWith("B") ? 1e9 : 1e6);
}

function same(a: string | null, b: string): boolean {
  return a?.toLowerCase() === b.toLowerCase();
}

function compare(a: string | number | null, b: string | number | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return a < b ? -1 : a > b ? 1 : 0;
}
