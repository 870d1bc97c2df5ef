// Which files of a repository to fetch: what a model needs, or what a pattern names.
import { quoteName, suggest } from "../errors.ts";
import { HubError } from "./errors.ts";
import type { HubFile } from "./listing.ts";

// In the top folder. Weights come by the rules below.
const needed = [
  /^(config|generation_config|special_tokens_map)\.json$/,
  /^tokenizer.*\.json$/,
  /^tokenizer\.model$/,
  /^chat_template/,
  /^(handheld|functions)\.json$/,
];
// What a tokenizer is made of where there is no tokenizer.json.
const tokenizerParts = /^(vocab\.json|merges\.txt|added_tokens\.json)$/;

/**
 * The files that a model needs: configuration, tokenizer, chat template and safetensors weights, once and not in other
 * formats beside them.
 *
 * @throws HubError `not-found` where there are no safetensors, with the GGUF files that there are
 */
export function modelFilesOf(repo: string, files: readonly HubFile[]): HubFile[] {
  const weights = weightsOf(files);
  if (weights.length === 0) {
    const ggufs = files.filter(({ name }) => name.endsWith(".gguf")).map(({ name }) => name);
    const advice =
      ggufs.length === 0
        ? "it holds no model that can be read here"
        : `it has GGUF files, name one of them with --file: ${ggufs.slice(0, 8).join(", ")}${ggufs.length > 8 ? ", …" : ""}`;
    throw new HubError("not-found", `${repo} has no *.safetensors; ${advice}`);
  }
  const patterns = files.some(({ name }) => name === "tokenizer.json") ? needed : [...needed, tokenizerParts];
  return [...files.filter(({ name }) => patterns.some((pattern) => pattern.test(name))), ...weights];
}

/** The files that a path or a pattern names. @throws HubError `not-found`, with the nearest name, where there is none */
export function matchingFiles(repo: string, files: readonly HubFile[], pattern: string): HubFile[] {
  const found = matchesOf(files, pattern);
  if (found.length > 0) return found;
  const near = suggest(
    pattern,
    files.map(({ name }) => name),
  );
  throw new HubError("not-found", `${repo} has no file ${quoteName(pattern)}${near}`);
}

/** The files that a path or a pattern (`*`, `?`) names. */
export function matchesOf<T extends { name: string }>(files: readonly T[], pattern: string): T[] {
  const matches = globPattern(pattern);
  return files.filter(({ name }) => matches.test(name));
}

// `*` and `?` stay within a folder; a pattern without a slash looks in all folders.
function globPattern(pattern: string): RegExp {
  const body = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
  return new RegExp(`^${/[*?]/.test(pattern) && !pattern.includes("/") ? "(?:.*/)?" : ""}${body}$`);
}

function weightsOf(files: readonly HubFile[]): HubFile[] {
  const named = (pattern: RegExp) => files.filter(({ name }) => pattern.test(name));
  const whole = named(/^model\.safetensors$/);
  if (whole.length > 0) return whole;
  const index = named(/^model\.safetensors\.index\.json$/);
  if (index.length > 0) return [...index, ...named(/^model-\d+-of-\d+\.safetensors$/)];
  return named(/^[^/]+\.safetensors$/).filter(({ name }) => !name.startsWith("consolidated"));
}
