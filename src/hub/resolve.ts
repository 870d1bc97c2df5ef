// The model that a command was given, as a path: what is a path already stays, a name on a hub is looked up in the cache
// and pulled when it is not there.
import { HandheldError, quoteName } from "../errors.ts";
import { HubError } from "./errors.ts";
import { findCached, type PulledModel, type PullOptions, pullModel } from "./pull.ts";
import { isHubReference, parseReference } from "./reference.ts";

/**
 * The directory of a model, or the path of the one file that the reference names. A model that is in the cache is used as it
 * is; `pullModel` looks for a newer one.
 *
 * @example
 * ```ts
 * await resolveModel("runs/calls/int4"); // "runs/calls/int4"
 * await resolveModel("hub:org/name/model-q8_0.gguf"); // "/home/me/.cache/huggingface/hub/models--org--name/snapshots/…"
 * ```
 * @throws as pullModel; HandheldError `invalid-option` when a pattern names several files
 */
export async function resolveModel(model: string, options: PullOptions = {}): Promise<string> {
  if (!isHubReference(model)) return model;
  const { file } = parseReference(model);
  const { dir, files } = await cachedOrPulled(model, options);
  if (file === null) return dir;
  if (files.length === 1) return files[0]!.path;
  const names = files.map(({ name }) => quoteName(name)).join(", ");
  throw new HandheldError("invalid-option", `${model} names ${files.length} files, one is needed: ${names}`);
}

async function cachedOrPulled(model: string, options: PullOptions): Promise<PulledModel> {
  const cached = await findCached(model, options).catch((error) => {
    if (error instanceof HubError && error.reason === "not-cached") return null;
    throw error;
  });
  // Python fetches file by file, weights perhaps without the tokenizer; the hub knows whether there is one.
  const whole =
    parseReference(model).file !== null || cached?.files.some(({ name }) => /^(tokenizer\.|merges\.txt$)/.test(name));
  if (cached && whole) return cached;
  return pullModel(model, options).catch((error) => {
    if (cached && error instanceof HubError && error.reason === "network") return cached;
    throw error;
  });
}
