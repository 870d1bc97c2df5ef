// Finds a catalogue entry by what a user calls it.
import { catalogueModels } from "./models/index.ts";
import type { CatalogueModel } from "./types.ts";

/**
 * The entry of a name (`SmolLM-135M`) or a hub repository (`HuggingFaceTB/SmolLM-135M`, with or without `hub:` before it);
 * case does not matter. Undefined when there is none.
 */
export function findModel(reference: string): CatalogueModel | undefined {
  const wanted = reference.replace(/^hub:/, "").toLowerCase();
  return catalogueModels.find(({ name, id }) => name.toLowerCase() === wanted || id.toLowerCase() === wanted);
}

/** Names of all entries. */
export const modelNames: readonly string[] = catalogueModels.map(({ name }) => name);
