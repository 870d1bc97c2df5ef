// Models that this program wrote and transformers has no class for: the spec as it is, and our own names.
import { createSpec, type SpecInput } from "../../spec/spec.ts";
import { tensorShapes } from "../layout.ts";
import type { Family } from "./family.ts";

export const handheld: Family = {
  spec: (config) => createSpec((config.raw("spec") ?? {}) as SpecInput, `${config.where}: spec`),
  tensors: (spec) => tensorShapes(spec).map(({ name, shape }) => ({ to: name, from: name, shape })),
};
