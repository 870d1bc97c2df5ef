// What a model on disk is, without loading its weights: a directory's config.json and safetensors headers, or a GGUF
// file's header.
import { HandheldError, ioError } from "../errors.ts";
import { ggufSpec } from "../gguf/architecture.ts";
import { openGguf } from "../gguf/file.ts";
import { modelFiles } from "../model/directory.ts";
import { countElements } from "../model/safetensors.ts";
import { readSafetensorsHeader } from "../model/safetensors-file.ts";
import { shardIndexFile } from "../model/shards.ts";
import { type FileSource, readJson, readOptionalJson, sourceOf } from "../source.ts";
import type { Spec } from "../spec/spec.ts";
import { costOf, costOfConfig, type ModelCost, noCost, type Place } from "./describe.ts";
import type { AttentionKind } from "./types.ts";

/** How weights lie on disk. */
export interface StoredWeights {
  files: number;
  /** Tensors alone, without headers. */
  bytes: number;
  elements: number;
  /** Bytes by type: BF16, F32, Q4_0 … */
  types: Record<string, number>;
}

/** A model on disk. */
export interface InspectedModel extends ModelCost {
  path: string;
  kind: "directory" | "gguf";
  /** model_type, or a GGUF file's architecture. */
  family: string;
  attention: AttentionKind | null;
  spec: Spec | null;
  /** Null where there are no weights, or in a format that is not read. */
  stored: StoredWeights | null;
}

/**
 * Reads what a model is.
 *
 * @param path a model directory, or a GGUF file.
 * @throws HandheldError `io` when it cannot be read, `invalid-file` when it is damaged. An architecture that the engine
 *   does not know is no error: `reason` says so.
 */
export async function inspectModel(path: string, place: Place): Promise<InspectedModel> {
  const { stat } = await import("node:fs/promises");
  const found = await stat(path).catch((cause) => {
    throw ioError("read", path, cause);
  });
  return found.isDirectory()
    ? inspectDirectory(sourceOf(path.replace(/(?<=.)\/+$/, "")), place)
    : inspectGguf(path, place);
}

async function inspectDirectory(source: FileSource, place: Place): Promise<InspectedModel> {
  const where = `${source.name}/${modelFiles.config}`;
  const config = await readJson(source, modelFiles.config);
  const { model_type: family, kv_lora_rank: latent } = (config ?? {}) as Record<string, unknown>;
  const cost = costOfConfig(config, place, where);
  const stored = await storedWeights(source);
  // Packed weights are bytes, so only plain ones can be counted.
  const plain = stored !== null && Object.keys(stored.types).every((type) => /^B?F\d+$/.test(type));
  const parameters = cost.parameters ?? (plain ? stored.elements : null);
  const attention = attentionOf(cost.spec, latent !== undefined);
  const facts = { path: source.name, kind: "directory", family: String(family ?? "unknown"), attention } as const;
  return { ...facts, ...cost, parameters, stored };
}

async function storedWeights(source: FileSource): Promise<StoredWeights | null> {
  const index = await readOptionalJson(source, shardIndexFile);
  const files = index === undefined ? [modelFiles.weights] : shards(index, `${source.name}/${shardIndexFile}`);
  const stored: StoredWeights = { files: files.length, bytes: 0, elements: 0, types: {} };
  for (const file of files) {
    const header = await readSafetensorsHeader(source, file);
    if (header === null) return null;
    for (const { dtype, shape, begin, end } of header.tensors.values()) add(stored, dtype, shape, end - begin);
  }
  return stored;
}

function shards(index: unknown, where: string): string[] {
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  const files = typeof map === "object" && map !== null ? Object.values(map) : [];
  if (files.length === 0 || files.some((file) => typeof file !== "string" || /[/\\]/.test(file))) {
    throw new HandheldError("invalid-file", `${where}: weight_map does not name files; fetch it again`);
  }
  return [...new Set(files as string[])];
}

async function inspectGguf(path: string, place: Place): Promise<InspectedModel> {
  const file = await openGguf(path);
  try {
    const stored: StoredWeights = { files: 1, bytes: 0, elements: 0, types: {} };
    for (const { type, shape, bytes } of file.tensors) add(stored, type, shape, bytes);
    const family = String(file.metadata.get("general.architecture") ?? "unknown");
    const [spec, reason] = specOrReason(() => ggufSpec(file, path));
    const cost = spec === null ? { ...noCost(reason), parameters: stored.elements } : costOf(spec, place);
    const attention = attentionOf(spec, file.metadata.has(`${family}.attention.kv_lora_rank`));
    return { path, kind: "gguf", family, attention, ...cost, spec, stored };
  } finally {
    await file.close();
  }
}

function attentionOf(spec: Spec | null, latent: boolean): AttentionKind | null {
  if (latent) return "MLA";
  if (spec === null) return null;
  return spec.kvHeads === spec.heads ? "MHA" : spec.kvHeads === 1 ? "MQA" : "GQA";
}

function specOrReason(read: () => Spec): [Spec, ""] | [null, string] {
  try {
    return [read(), ""];
  } catch (error) {
    if (error instanceof HandheldError) return [null, error.message];
    throw error;
  }
}

function add(stored: StoredWeights, type: string, shape: readonly number[], bytes: number): void {
  stored.bytes += bytes;
  stored.elements += countElements(shape);
  stored.types[type] = (stored.types[type] ?? 0) + bytes;
}
