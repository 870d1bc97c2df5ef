// Model directories in the Hugging Face layout: names of their files, and what config.json says of the weights' form.
import { HandheldError, quoteValue } from "../errors.ts";
import { writeFileAtomic } from "../io.ts";
import { type FileSource, readJson, sourceOf } from "../source.ts";
import type { Spec } from "../spec/spec.ts";
import { fromHfConfig, type StoredLayout, storedLayout } from "./families/index.ts";
import { type HfConfigExtras, toHfConfig } from "./hf-config.ts";
import type { WeightFormat } from "./weights.ts";

/** How a directory stores matrices: as floats, of 32 or 16 bits, or packed. */
export type DirectoryFormat = WeightFormat | "f16";

/** Files of a model directory. */
export const modelFiles = {
  config: "config.json",
  weights: "model.safetensors",
  generation: "generation_config.json",
} as const;

/** What `quantization_config` holds for packed weights; int4's layout is that of src/quant/int4.ts, int8 is int8-tensors.ts. */
const quantizationConfigs: Readonly<Record<"int4" | "int8", Record<string, unknown>>> = {
  int4: {
    quant_method: "handheld",
    bits: 4,
    group_size: 32,
    symmetric: true,
    scale_dtype: "bfloat16",
    layout: "8 rows x 32 columns",
  },
  int8: {
    quant_method: "handheld",
    bits: 8,
    group_size: -1,
    symmetric: true,
    scale_dtype: "float32",
    layout: "rows",
  },
};

/** What config.json says. */
export interface ModelConfig {
  spec: Spec;
  /** How the matrices are stored; `f32`: as floats of any width. */
  format: WeightFormat;
  /** Where float tensors are in the files, and under which names. Packed ones have ours. */
  layout(): StoredLayout;
}

/** Reads config.json. @throws HandheldError `io`, `invalid-file`, `invalid-spec` or `unsupported` */
export async function readModelConfig(dir: string | FileSource): Promise<ModelConfig> {
  const source = sourceOf(dir);
  const path = `${source.name}/${modelFiles.config}`;
  const json = await readJson(source, modelFiles.config);
  const spec = fromHfConfig(json, path);
  const format = weightFormat(json as Record<string, unknown>, path);
  return { spec, format, layout: () => storedLayout(json, spec, path) };
}

/** As {@link readModelConfig}, of a model that is stored as floats. @throws also `unsupported` for a quantised one */
export async function readFloatConfig(dir: string | FileSource): Promise<ModelConfig> {
  const config = await readModelConfig(dir);
  if (config.format === "f32") return config;
  const rule = "the weights are quantised; give the float model they were made from";
  throw new HandheldError("unsupported", `${sourceOf(dir).name}: ${rule}`);
}

/** Writes config.json and generation_config.json. @throws HandheldError `io` */
export async function writeModelConfig(
  dir: string,
  spec: Spec,
  format: DirectoryFormat,
  extras: HfConfigExtras,
): Promise<void> {
  const packed = format === "int4" || format === "int8";
  const quantization = packed ? { quantization_config: quantizationConfigs[format] } : {};
  const dtype = format === "f16" ? { dtype: "float16" as const } : {};
  const config = { ...toHfConfig(spec, { ...extras, ...dtype }), ...quantization };
  const { bosTokenId = null, eosTokenId = null, padTokenId = null } = extras;
  const generation = { bos_token_id: bosTokenId, eos_token_id: eosTokenId, pad_token_id: padTokenId };
  await writeFileAtomic(`${dir}/${modelFiles.config}`, `${JSON.stringify(config, null, 2)}\n`);
  await writeFileAtomic(`${dir}/${modelFiles.generation}`, `${JSON.stringify(generation, null, 2)}\n`);
}

function weightFormat(json: Record<string, unknown>, path: string): WeightFormat {
  const config = json.quantization_config as Record<string, unknown> | undefined | null;
  if (config === undefined || config === null) return "f32";
  for (const format of ["int4", "int8"] as const) {
    const wanted = Object.entries(quantizationConfigs[format]);
    if (wanted.every(([key, value]) => config[key] === value)) return format;
  }
  const said = (value: unknown) => (typeof value === "string" ? value : quoteValue(value));
  const method = `${said(config.quant_method)}, ${said(config.bits)} bits`;
  throw new HandheldError(
    "unsupported",
    `${path}: quantization_config (${method}) is not supported; use the float model`,
  );
}
