// Finds the spec a user means: a preset's name, a JSON file (ours or a Hugging Face config.json), or a model directory.
// node:fs is imported only when a file is read, so that browsers can use the rest.
import { HandheldError, ioError, suggest } from "../errors.ts";
import { readJsonFile } from "../io.ts";
import { findPresetName, preset, presetNames } from "../spec/presets.ts";
import { createSpec, type Spec, type SpecInput } from "../spec/spec.ts";
import { fromHfConfig } from "./families/index.ts";

/**
 * Validates a parsed JSON value as a spec: a Hugging Face config where it has `model_type` or `hidden_size`, else ours.
 *
 * @throws HandheldError `invalid-spec` or `unsupported`; `where` prefixes the message.
 */
export function parseSpec(json: unknown, where = "spec"): Spec {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    const got = json === null ? "null" : Array.isArray(json) ? "a list" : `a ${typeof json}`;
    throw new HandheldError("invalid-spec", `${where}: a spec is a JSON object with layers, width, …; got ${got}`);
  }
  if ("model_type" in json || "hidden_size" in json) return fromHfConfig(json, where);
  return createSpec(json as SpecInput, where);
}

/**
 * Loads a spec by preset name, from a JSON file, or from the config.json of a model directory.
 *
 * @throws HandheldError `invalid-spec` when the name is unknown or the content is wrong, `invalid-file` when the file is
 *   not JSON, `io` when it cannot be read.
 * @example
 * ```ts
 * await loadSpec("MobileLLM-350M-LS");
 * await loadSpec("configs/tiny.json");
 * await loadSpec("runs/mine/float");
 * ```
 */
export async function loadSpec(source: string): Promise<Spec> {
  if (findPresetName(source) !== undefined) return preset(source);
  const { stat } = await import("node:fs/promises");
  const found = await stat(source).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT" && !looksLikePath(source)) throw unknownName(source);
    throw ioError("read", source, cause);
  });
  const path = found.isDirectory() ? `${source.replace(/\/+$/, "")}/config.json` : source;
  return parseSpec(await readJsonFile(path), path);
}

function looksLikePath(source: string): boolean {
  return /[/\\]|\.json$/.test(source);
}

function unknownName(source: string): HandheldError {
  const hint = suggest(source, presetNames) || `; presets: ${presetNames.join(", ")}`;
  return new HandheldError("invalid-spec", `"${source}" is neither a preset nor a file${hint}`);
}
