// Task files: YAML as PyYAML reads it (version 1.1), with the tag !function and with `include`.
import { basename, dirname, isAbsolute, join } from "node:path";
import { type Document, parseDocument, type ScalarTag } from "yaml";
import { invalidFile, quoteName } from "../../errors.ts";
import { readTextFile } from "../../io.ts";

/** Bounds of a file: the longest of lm-evaluation-harness's has some 100 kB. */
const most = { characters: 1 << 21, includes: 32, mended: 1 << 23 } as const;

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
  return withIncludes(parseTaskYaml(await readTextFile(path), path), path, [...seen, path]);
}

/** Fields with those of the files that they include; the tasks that a group defines on the spot may include files too. */
async function withIncludes(fields: YamlFields, path: string, seen: readonly string[]): Promise<YamlFields> {
  const { include, ...own } = fields;
  if (Array.isArray(own.task)) {
    own.task = await Promise.all(
      own.task.map((member) => (isFields(member) ? withIncludes(member, path, seen) : member)),
    );
  }
  if (include === undefined) return own;
  const merged: YamlFields = {};
  for (const name of Array.isArray(include) ? include : [include]) {
    if (typeof name !== "string") throw invalidFile(path, "include is neither a file name nor a list of them");
    const from = isAbsolute(name) ? name : join(dirname(path), name);
    Object.assign(merged, await readTaskYaml(from, seen));
  }
  return { ...merged, ...own };
}

function isFields(value: unknown): value is YamlFields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The fields of one file, `include` as it stands. @throws HandheldError `invalid-file` */
export function parseTaskYaml(text: string, path: string): YamlFields {
  if (text.length > most.characters) throw invalidFile(path, `has more than ${most.characters} characters`);
  const folder = basename(dirname(path));
  const tag: ScalarTag = { tag: "!function", resolve: (name) => new FunctionTag(name, folder) };
  const document = parseAsPython(text, tag);
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
  if (isFields(fields)) return fields;
  throw invalidFile(path, `holds ${quoteName(String(fields))} and not the fields of a task`);
}

// PyYAML is laxer than the standard: of a field that stands twice the last one counts, and the lines of a quoted text may
// begin anywhere, not only behind the indentation of their field. White space at their beginning says nothing, so adding it
// makes such a text one that the standard allows.
function parseAsPython(text: string, tag: ScalarTag): Document {
  const parse = (source: string) =>
    parseDocument(source, { version: "1.1", customTags: [tag], uniqueKeys: false, logLevel: "silent" });
  const asGiven = parse(text);
  let [document, source] = [asGiven, text];
  for (let parsed = text.length; document.errors.length > 0; parsed += source.length) {
    const open = document.errors.find((error) => error.message.startsWith("Missing closing"));
    const end = open ? source.indexOf("\n", open.pos[0]) : -1;
    // The errors of the text as it is say more than those of one that was changed in vain.
    if (end < 0 || end === source.length - 1 || parsed > most.mended) return asGiven;
    source = `${source.slice(0, end + 1)}${" ".repeat(64)}${source.slice(end + 1)}`;
    document = parse(source);
  }
  return document;
}
