// Tokenizers in model directories: tokenizer.json and, where there is one, tokenizer_config.json.
import { writeFileAtomic } from "../io.ts";
import { type FileSource, readJson, readOptionalJson, sourceOf } from "../source.ts";
import { createTokenizer, type Tokenizer } from "./tokenizer.ts";

/**
 * Loads the tokenizer of a model directory.
 *
 * @throws HandheldError `io` when tokenizer.json cannot be read, `invalid-file` or `unsupported` by its content.
 */
export async function loadTokenizer(folder: string | FileSource): Promise<Tokenizer> {
  const source = sourceOf(folder);
  const json = await readJson(source, "tokenizer.json");
  const config = await readOptionalJson(source, "tokenizer_config.json");
  return createTokenizer(json, config ?? {}, `${source.name}/tokenizer.json`);
}

/**
 * Writes tokenizer.json and tokenizer_config.json into a folder, each atomically.
 *
 * @throws HandheldError `io`.
 */
export async function saveTokenizer(tokenizer: Tokenizer, folder: string): Promise<void> {
  // Python's library cleans up spaces before punctuation unless told not to.
  const config = { clean_up_tokenization_spaces: false, ...tokenizer.config };
  await writeFileAtomic(`${folder}/tokenizer.json`, `${JSON.stringify(tokenizer.json)}\n`);
  await writeFileAtomic(`${folder}/tokenizer_config.json`, `${JSON.stringify(config, null, 2)}\n`);
}
