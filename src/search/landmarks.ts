// Architectures that readers know, as points to steer by: the presets, and what the catalogue holds of about a size.

import { catalogueModels } from "../catalogue/index.ts";
import { HandheldError } from "../errors.ts";
import { fromHfConfig } from "../model/families/index.ts";
import { countParameters } from "../spec/arithmetic.ts";
import { preset, presetNames } from "../spec/presets.ts";
import type { Spec } from "../spec/spec.ts";
import type { Budget } from "./space.ts";

/** A known architecture. */
export interface Landmark {
  name: string;
  spec: Spec;
  parameters: number;
}

/** All presets and catalogue models whose architecture the engine knows, each once, presets first. */
export function allLandmarks(): Landmark[] {
  const presets = presetNames.map((name) => landmark(name, preset(name)));
  const named = new Set(presetNames);
  const others = catalogueModels.flatMap(({ name, config }) => {
    if (named.has(name) || config === null) return [];
    const spec = specOrNull(config, name);
    return spec === null ? [] : [landmark(name, spec)];
  });
  return [...presets, ...others];
}

/** Those within a factor of the budget to both sides. Default 1.25. */
export function landmarksNear({ min, max }: Budget, factor = 1.25): Landmark[] {
  return allLandmarks().filter(({ parameters }) => parameters >= min / factor && parameters <= max * factor);
}

function landmark(name: string, spec: Spec): Landmark {
  return { name, spec, parameters: countParameters(spec).total };
}

function specOrNull(config: unknown, name: string): Spec | null {
  try {
    return fromHfConfig(config, name);
  } catch (error) {
    if (error instanceof HandheldError) return null;
    throw error;
  }
}
