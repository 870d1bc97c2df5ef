// Task files: YAML as PyYAML reads it (version 1.1), with the tag !function and with `include`.
import { basename, dirname, isAbsolute, join } from "node:path";
import { parseDocument, type ScalarTag } from "yaml";
import { invalidFile, quoteName } from "../../errors.ts";
import { readTextFile } from "../../io.ts";

/** Bounds of a file: the longest of lm-evaluation-harness's has some 100 kB. */
const most = { characters: 1 << 21, includes: 32 } as const;

/** A Python function that a file names: `!function utils.process_docs`. */
export class FunctionTag {
  readonly name: string;
  /** Name of the folder that the file is in, which tells apart the many `utils`. */
  readonly folder: string;

  constructor(name: string, folder: string) {
    this.name = name;
    this.folder = folder;
  }

  toJSON(): string {
    return `!function ${this.folder}/${this.name}`;
  }
}

/** Fields of a file, those of what it includes among them; its own win. */
export type YamlFields = Record<string, unknown>;

/** Reads a task or group file. @throws HandheldError `io`, or `invalid-file` that names the file */
export async function readTaskYaml(path: string, seen: readonly string[] = []): Promise<YamlFields> {
  if (seen.includes(path)) throw invalidFile(path, "includes itself");
  if (seen.length > most.includes) throw invalidFile(path, `includes are nested more than ${most.includes} deep`);
  const { include, ...own } = parseTaskYaml(await readTextFile(path), path);
  if (include === undefined) return own;
  const merged: YamlFields = {};
  for (const name of Array.isArray(include) ? include : [include]) {
    if (typeof name !== "string") throw invalidFile(path, "include is neither a file name nor a list of them");
    const from = isAbsolute(name) ? name : join(dirname(path), name);
    Object.assign(merged, await readTaskYaml(from, [...seen, path]));
  }
  return { ...merged, ...own };
}

/** The fields of one file, `include` as it stands. @throws HandheldError `invalid-file` */
export function parseTaskYaml(text: string, path: string): YamlFields {
  if (text.length > most.characters) throw invalidFile(path, `has more than ${most.characters} characters`);
  const folder = basename(dirname(path));
  const tag: ScalarTag = { tag: "!function", resolve: (name) => new FunctionTag(name, folder) };
  const document = parseDocument(text, { version: "1.1", customTags: [tag], logLevel: "silent" });
  const [error] = document.errors;
  if (error) throw invalidFile(path, `not valid YAML: ${error.message}`, error);
  const unknown = document.warnings.find(({ code }) => code === "TAG_RESOLVE_FAILED");
  if (unknown) throw invalidFile(path, `${unknown.message.split("\n")[0]}; the only tag known is !function`);
  let fields: unknown;
  try {
    fields = document.toJS({ maxAliasCount: 1000 });
  } catch (cause) {
    throw invalidFile(path, `not valid YAML: ${(cause as Error).message}`, cause);
  }
  if (typeof fields === "object" && fields !== null && !Array.isArray(fields)) return fields as YamlFields;
  throw invalidFile(path, `holds ${quoteName(String(fields))} and not the fields of a task`);
}
