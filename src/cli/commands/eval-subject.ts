// The model of handheld eval: what it is, before any of it is loaded.
import { loadSpec } from "../../model/spec-file.ts";
import type { ResultRecord } from "../../results/record.ts";
import type { Spec } from "../../spec/spec.ts";
import { hasWeights } from "./bench-model.ts";

/** Which model it is. */
export interface Subject {
  model: Pick<ResultRecord["model"], "name" | "catalogue" | "released" | "hash">;
  spec: Spec;
}

/**
 * Finds out. `model` is a path, `given` how the user named it, `as` what the user says it is. Where only the cost is
 * wanted (`needsWeights` false), it may be a spec or a preset's name.
 *
 * @throws HandheldError as readModelConfig, loadSpec and identifyModel do
 */
export async function subjectOf(
  { model, given, as }: { model: string; given: string; as: string | undefined },
  needsWeights: boolean,
): Promise<Subject> {
  const { readModelConfig } = await import("../../model/directory.ts");
  const { hashModel } = await import("../../eval/model-hash.ts");
  const { identifyModel } = await import("../../results/identify.ts");
  if (!needsWeights && !(await hasWeights(model))) {
    const spec = await loadSpec(model);
    return { model: { ...identifyModel(given, spec, as), hash: null }, spec };
  }
  const { spec } = await readModelConfig(model);
  const identity = identifyModel(given, spec, as);
  return { model: { ...identity, hash: await hashModel(model) }, spec };
}
