// The index of a model whose weights are in several safetensors files: which tensor is in which. Its file names come from
// whoever made the model, so only plain names of files beside it are believed.
import { invalidFile, quoteName, quoteValue } from "../errors.ts";
import { type FileSource, readOptionalJson } from "../source.ts";

/** Where the index is. */
export const shardIndexFile = "model.safetensors.index.json";

/** File → names of its tensors, both in the order of the index. */
export type ShardIndex = ReadonlyMap<string, readonly string[]>;

const mostShards = 4096;
const plainName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,200}\.safetensors$/;

/**
 * Reads a directory's index; null where it has none.
 * @throws HandheldError `io`, or `invalid-file` as {@link parseShardIndex}
 */
export async function readShardIndex(source: FileSource): Promise<ShardIndex | null> {
  const json = await readOptionalJson(source, shardIndexFile);
  return json === undefined ? null : parseShardIndex(json, `${source.name}/${shardIndexFile}`);
}

/**
 * Checks a parsed index.
 * @throws HandheldError `invalid-file` where weight_map does not lead from tensors to plain names of safetensors files, or
 *   leads to more than 4,096 of them; `where` prefixes it
 */
export function parseShardIndex(json: unknown, where: string = shardIndexFile): ShardIndex {
  const map = isRecord(json) ? json.weight_map : undefined;
  if (!isRecord(map)) throw invalidFile(where, "weight_map is not an object of file names by tensor");
  const files = new Map<string, string[]>();
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== "string" || !plainName.test(file)) {
      const rule = "not the plain name of a .safetensors file beside it";
      throw invalidFile(where, `weight_map says ${quoteName(tensor)} is in ${quoteValue(file)}, ${rule}`);
    }
    const tensors = files.get(file);
    if (tensors !== undefined) tensors.push(tensor);
    else if (files.size === mostShards) throw invalidFile(where, `weight_map has more than ${mostShards} files`);
    else files.set(file, [tensor]);
  }
  if (files.size === 0) throw invalidFile(where, "weight_map is empty");
  return files;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
