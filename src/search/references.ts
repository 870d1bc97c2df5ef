// Speeds on phones as papers publish them: rows for a reader to hold predictions against. Other engines, other number formats,
// lengths that are not always told; they are no profiles, and nothing is predicted, fitted or chosen by them.
import { countParameters } from "../spec/arithmetic.ts";
import { preset } from "../spec/presets.ts";
import { createSpec, type Spec, type SpecInput } from "../spec/spec.ts";
import { lossRows, phoneSpeedRows } from "./quality/tables.ts";
import type { Budget } from "./space.ts";

/** A published speed. */
export interface ReferenceSpeed {
  /** The model, or a shape in words. */
  name: string;
  spec: Spec;
  parameters: number;
  /** Phone and processor; engine and number format. */
  device: string;
  engine: string;
  /** Tokens per second; null where the paper tells none. */
  prefillTokensPerSecond: number | null;
  decodeTokensPerSecond: number | null;
  /** Paper and table. */
  source: string;
}

const xiaomi = { device: "Xiaomi 14 (Snapdragon 8 Gen 3), 4 cores", engine: "mllm, int4" };
const iphone = { device: "iPhone 13", engine: "ExecuTorch on Metal, fp16" };

/** Every published row. */
export function referenceSpeeds(): ReferenceSpeed[] {
  return [...phoneLmRows(), ...phoneLmTrials(), ...mobileLlmRows()];
}

/** Those of models within a factor of the budget to both sides. Default 1.25. */
export function referencesNear({ min, max }: Budget, factor = 1.25): ReferenceSpeed[] {
  return referenceSpeeds().filter(({ parameters }) => parameters >= min / factor && parameters <= max * factor);
}

/** Tables 2 (seven shapes of 1.5 B, of which the third became PhoneLM-1.5B) and section 4.4. */
function phoneLmRows(): ReferenceSpeed[] {
  const chosen = preset("PhoneLM-1.5B");
  const rows = phoneSpeedRows.map((row) => {
    const { width, ffnWidth, layers } = row;
    const spec = phoneLmSpec({ width, ffnWidth, layers, heads: 16 });
    const isChosen = layers === chosen.layers && ffnWidth === chosen.ffnWidth;
    return reference(isChosen ? "PhoneLM-1.5B" : nameOf(spec), spec, xiaomi, speedsOf(row), "PhoneLM, Table 2");
  });
  const npu = { device: "Xiaomi 14 (Snapdragon 8 Gen 3), NPU", engine: "mllm with QNN" };
  const prefilled = { prefillTokensPerSecond: 654, decodeTokensPerSecond: null };
  return [...rows, reference("PhoneLM-1.5B", chosen, npu, prefilled, "PhoneLM, section 4.4, prompt of 64")];
}

/** Table 7: 36 shapes of 100 M and 200 M. */
function phoneLmTrials(): ReferenceSpeed[] {
  return lossRows.map((row) => {
    const { width, ffnWidth, layers, activation, heads, kvHeads } = row;
    const spec = phoneLmSpec({ width, ffnWidth, layers, activation, heads, kvHeads });
    return reference(nameOf(spec), spec, xiaomi, speedsOf(row), "PhoneLM, Table 7");
  });
}

/** MobileLLM's Table 7: milliseconds of an execution, one token, on average over 50. */
function mobileLlmRows(): ReferenceSpeed[] {
  const own = preset("MobileLLM-125M");
  const models: [name: string, spec: Spec, ms: number][] = [
    ["MobileLLM-125M", own, 15.6],
    ["MobileLLM-125M-LS", preset("MobileLLM-125M-LS"), 16],
    ["MobileLLM-125M with 60 layers", createSpec({ ...own, layers: 60 }), 29],
  ];
  return models.map(([name, spec, ms]) => {
    const speeds = { prefillTokensPerSecond: null, decodeTokensPerSecond: 1000 / ms };
    return reference(name, spec, iphone, speeds, `MobileLLM, Table 7, ${ms} ms`);
  });
}

function phoneLmSpec(shape: Omit<SpecInput, "vocabulary">): Spec {
  return createSpec({ ...shape, vocabulary: 49_152, ropeTable: "int8" });
}

type Speeds = Pick<ReferenceSpeed, "prefillTokensPerSecond" | "decodeTokensPerSecond">;

function speedsOf({ prefillTokensPerSecond, decodeTokensPerSecond }: Speeds): Speeds {
  return { prefillTokensPerSecond, decodeTokensPerSecond };
}

function reference(
  name: string,
  spec: Spec,
  where: Pick<ReferenceSpeed, "device" | "engine">,
  speeds: Speeds,
  source: string,
): ReferenceSpeed {
  return { name, spec, parameters: countParameters(spec).total, ...where, ...speeds, source };
}

function nameOf({ layers, width, ffnWidth, heads, kvHeads, activation }: Spec): string {
  return `trial: ${layers} × ${width}, ${activation} FFN ${ffnWidth}, ${heads}/${kvHeads} heads`;
}
