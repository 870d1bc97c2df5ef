// Public names of handheld/catalogue: the small models of the literature, what each costs, and what a model on disk is.
export { costOf, type DescribedModel, describeModel, type ModelCost, type Place } from "./describe.ts";
export { findModel, modelNames } from "./find.ts";
export { type InspectedModel, inspectModel, type StoredWeights } from "./inspect.ts";
export { catalogueModels } from "./models/index.ts";
export { filterValues, type Selection, type SortColumn, selectModels, sortColumns } from "./select.ts";
export { type AttentionKind, attentionKinds, type CatalogueModel, catalogueModelSchema } from "./types.ts";
