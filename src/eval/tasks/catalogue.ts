// The tasks, groups and tags that a folder of task files defines, by name.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { HandheldError, invalidFile, ioError, quoteName, suggest } from "../../errors.ts";
import { type GroupConfig, groupFields, parseGroupConfig, parseTaskConfig, type TaskConfig } from "./config.ts";
import { readTaskYaml, type YamlFields } from "./yaml.ts";

/** A task as it is to be run. */
export interface TaskDefinition {
  kind: "task";
  name: string;
  /** The file that says so, for messages. */
  path: string;
  config: TaskConfig;
}

/** Tasks whose results are averaged. */
export interface GroupDefinition {
  kind: "group";
  name: string;
  path: string;
  config: GroupConfig;
  members: Definition[];
}

export type Definition = TaskDefinition | GroupDefinition;

interface Entry {
  kind: "task" | "group";
  fields: YamlFields;
  path: string;
}

const deepest = 16;

/** Tasks by name. Make one with {@link loadCatalogue}. */
export class TaskCatalogue {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #tags: ReadonlyMap<string, readonly string[]>;
  /** Files that could not be read. */
  readonly failures: readonly Error[];

  constructor(
    entries: ReadonlyMap<string, Entry>,
    tags: ReadonlyMap<string, readonly string[]>,
    failures: readonly Error[],
  ) {
    this.#entries = entries;
    this.#tags = tags;
    this.failures = failures;
  }

  /** Names of tasks, groups and tags. */
  get names(): string[] {
    return [...new Set([...this.#entries.keys(), ...this.#tags.keys()])].sort();
  }

  /**
   * What a name stands for: a task, a group, the tasks of a tag, or those that a pattern with `*` fits.
   *
   * @throws HandheldError `invalid-option` for an unknown name, `invalid-file` where a file is wrong
   */
  find(name: string): Definition[] {
    const names = name.includes("*") ? this.#matching(name) : [name];
    return names.flatMap((one) => this.#resolve(one, {}, 0));
  }

  #matching(pattern: string): string[] {
    const regex = new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);
    const found = [...this.#entries].filter(([name, { kind }]) => kind === "task" && regex.test(name));
    if (found.length === 0) throw new HandheldError("invalid-option", `no task fits ${quoteName(pattern)}`);
    return found.map(([name]) => name);
  }

  #resolve(name: string, overrides: YamlFields, depth: number): Definition[] {
    const entry = this.#entries.get(name);
    if (depth > deepest) throw invalidFile(entry?.path ?? name, `groups are nested more than ${deepest} deep`);
    if (entry === undefined) {
      const tagged = this.#tags.get(name);
      if (tagged === undefined) throw this.#unknown(name);
      return [...tagged].sort().flatMap((task) => this.#resolve(task, overrides, depth + 1));
    }
    const fields = { ...entry.fields, ...overrides };
    if (entry.kind === "group") return [this.#group(entry.path, fields, depth)];
    return [{ kind: "task", name, path: entry.path, config: parseTaskConfig(withoutGroup(fields), entry.path) }];
  }

  #group(path: string, fields: YamlFields, depth: number): GroupDefinition {
    const config = parseGroupConfig(fields, path);
    const defaults = defaultsOf(fields);
    const members = config.task.flatMap((member) => {
      if (typeof member === "string") return this.#resolve(member, defaults, depth + 1);
      const { group, task, ...own } = member as YamlFields;
      if (typeof group === "string" && this.#entries.has(group)) {
        return this.#resolve(group, { ...defaults, ...own }, depth + 1);
      }
      if (typeof group === "string") return [this.#group(path, { ...defaults, ...member }, depth + 1)];
      if (typeof task === "string") return this.#resolve(task, { ...defaults, ...own }, depth + 1);
      throw invalidFile(path, "task: an entry has neither task nor group");
    });
    return { kind: "group", name: config.group, path, config, members };
  }

  #unknown(name: string): HandheldError {
    // A file of that name that could not be read is the likeliest reason.
    const own = this.failures.find(({ message }) => message.split(": ")[0]!.includes(name));
    const near = own ? "" : suggest(name, this.names);
    const failure = own ?? this.failures[0];
    const hint = near || (failure ? `; a file could not be read: ${failure.message}` : "");
    return new HandheldError("invalid-option", `there is no task ${quoteName(name)}${hint}`);
  }
}

function withoutGroup({ group: _, task_list: __, ...fields }: YamlFields): YamlFields {
  return fields;
}

/** Fields of a group file that are defaults of its tasks. */
function defaultsOf(fields: YamlFields): YamlFields {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => !groupFields.has(field)));
}

/**
 * Reads the task files (*.yaml) of folders, those below them too; what a later folder defines replaces what an earlier did.
 *
 * @throws HandheldError `io` where a folder cannot be read; a file that is no task file is among `failures`
 */
export async function loadCatalogue(folders: readonly string[]): Promise<TaskCatalogue> {
  const entries = new Map<string, Entry>();
  const failures: Error[] = [];
  for (const folder of folders) {
    const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause) => {
      throw ioError("read", folder, cause);
    });
    const paths = files.filter((file) => file.isFile() && /\.ya?ml$/.test(file.name));
    for (const path of paths.map(({ parentPath, name }) => join(parentPath, name)).sort()) {
      await addFile(entries, path).catch((error) => failures.push(error));
    }
  }
  return new TaskCatalogue(entries, tagsOf(entries), failures);
}

/** A catalogue of one file and what an existing one has. @throws as readTaskYaml */
export async function loadTaskFile(path: string): Promise<{ catalogue: TaskCatalogue; name: string }> {
  const entries = new Map<string, Entry>();
  const name = await addFile(entries, path);
  if (name === null) throw invalidFile(path, "names neither a task nor a group");
  return { catalogue: new TaskCatalogue(entries, tagsOf(entries), []), name };
}

async function addFile(entries: Map<string, Entry>, path: string): Promise<string | null> {
  const fields = await readTaskYaml(path);
  const { group, task } = fields;
  if (typeof group === "string" && Array.isArray(task)) {
    entries.set(group, { kind: "group", fields, path });
    addInline(entries, fields, path);
    return group;
  }
  if (typeof task !== "string") return null; // what others include
  entries.set(task, { kind: "task", fields, path });
  return task;
}

// Tasks that a group defines on the spot are tasks like others.
function addInline(entries: Map<string, Entry>, group: YamlFields, path: string): void {
  for (const member of group.task as unknown[]) {
    if (typeof member !== "object" || member === null) continue;
    const { task, group: name } = member as YamlFields;
    const { metadata } = group;
    const defaults = { ...(metadata ? { metadata } : {}), ...defaultsOf(group) };
    if (Array.isArray(task)) {
      const inner: YamlFields = { ...defaults, ...member };
      addInline(entries, inner, path);
      if (typeof name === "string" && !entries.has(name)) entries.set(name, { kind: "group", fields: inner, path });
    }
    if (typeof task !== "string" || entries.has(task)) continue;
    const fields = { ...defaults, ...member };
    if ("dataset_path" in fields) entries.set(task, { kind: "task", fields, path });
  }
}

function tagsOf(entries: ReadonlyMap<string, Entry>): Map<string, string[]> {
  const tags = new Map<string, string[]>();
  for (const [name, { kind, fields }] of entries) {
    if (kind !== "task") continue;
    for (const tag of [fields.tag ?? []].flat()) {
      if (typeof tag === "string") tags.set(tag, [...(tags.get(tag) ?? []), name]);
    }
  }
  return tags;
}
