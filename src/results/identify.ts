// Which model of the catalogue one is: by what the user says, by its name, or by an architecture that only one has.
import { isDeepStrictEqual } from "node:util";
import { type CatalogueModel, catalogueModels, findModel, modelNames } from "../catalogue/index.ts";
import { HandheldError, suggest } from "../errors.ts";
import { fromHfConfig } from "../model/families/index.ts";
import type { Spec } from "../spec/spec.ts";
import type { ResultRecord } from "./record.ts";

/**
 * A model's name and place in the catalogue. `given` is a path, `hub:org/name` or a name; `as` is what the user says it is.
 * An architecture tells only what the model is built like: the name stays what was given.
 *
 * @throws HandheldError `invalid-option` where the catalogue has no model that is called `as`
 */
export function identifyModel(
  given: string,
  spec: Spec,
  as?: string,
): Pick<ResultRecord["model"], "name" | "catalogue" | "released"> {
  const said = as === undefined ? undefined : findModel(as);
  if (as !== undefined && said === undefined) {
    const hint = suggest(as, modelNames) || '; "handheld models" lists them';
    throw new HandheldError("invalid-option", `the catalogue has no model "${as}"${hint}`);
  }
  const plain = given.replace(/[\\/]+$/, "").replace(/@[^@/]*$/, "");
  const named = said ?? findModel(plain) ?? findModel(plain.split(/[\\/]/).at(-1)!);
  const found = named ?? bySpec(spec);
  return { name: named?.name ?? given, catalogue: found?.name ?? null, released: found?.date ?? null };
}

function bySpec(spec: Spec): CatalogueModel | undefined {
  const alike = catalogueModels.filter(({ config }) => config !== null && isDeepStrictEqual(specOf(config), spec));
  return alike.length === 1 ? alike[0] : undefined;
}

function specOf(config: object): Spec | null {
  try {
    return fromHfConfig(config);
  } catch (error) {
    if (error instanceof HandheldError) return null; // a family that the engine does not run
    throw error;
  }
}
