// Where a task's rows come from: files of a local folder, files that the task itself names, or a data set on the hub.
import { dirname, isAbsolute, join } from "node:path";
import { HandheldError, suggest } from "../../errors.ts";
import type { TaskConfig } from "../tasks/config.ts";
import type { Row } from "../tasks/template.ts";
import { filesFor, listDataFiles, splitFiles, splitNames } from "./folder.ts";
import { type HubSource, hubFiles } from "./hub.ts";
import { linesOf, readRows } from "./rows.ts";

/** Options of {@link loadSplit}. */
export interface DataOptions {
  /** A folder of data: `<split>.jsonl` and the like in it, or in a folder of the task's or data set's name. */
  folder?: string | undefined;
  /** How to reach the hub; see PullOptions. */
  hub?: HubSource | undefined;
}

/** A task's data set, for messages and for finding it. */
export type DataSet = Pick<TaskConfig, "task" | "dataset_path" | "dataset_name" | "dataset_kwargs">;

const builders: ReadonlySet<string> = new Set(["json", "csv", "parquet", "text"]);

/**
 * The rows of one split.
 *
 * @throws HandheldError `invalid-data` where the data set has no such split, `io`, `invalid-file`, or HubError
 */
export async function loadSplit(data: DataSet, split: string, path: string, options: DataOptions): Promise<Row[]> {
  const files = await filesOf(data, split, path, options);
  const rows: Row[] = [];
  for (const file of files) rows.push(...(await readRows(file)));
  const labels = files.length === 1 ? await labelsBeside(files[0]!) : null;
  if (labels === null) return rows;
  if (labels.length !== rows.length) {
    throw new HandheldError(
      "invalid-data",
      `${files[0]}: has ${rows.length} rows and a file of ${labels.length} labels beside it`,
    );
  }
  return rows.map((row, i) => ({ ...row, label: labels[i]! }));
}

async function filesOf(data: DataSet, split: string, path: string, options: DataOptions): Promise<string[]> {
  const name = data.dataset_path;
  if (options.folder !== undefined) return fromFolder(options.folder, data, split);
  if (builders.has(name)) return namedFiles(data, split, path);
  if (/^[./]|^[A-Za-z]:/.test(name))
    return fromFolder(isAbsolute(name) ? name : join(dirname(path), name), data, split);
  return hubFiles(name, data.dataset_name ?? null, split, options.hub ?? {});
}

async function fromFolder(folder: string, data: DataSet, split: string): Promise<string[]> {
  const files = await listDataFiles(folder);
  const configuration = data.dataset_name ?? null;
  const of = { names: [data.task, data.dataset_path], configuration };
  const found = splitFiles(files, split, of);
  if (found.length > 0) return found;
  const there = splitNames(filesFor(files, of));
  const places = [...of.names, configuration ?? ""].filter((name) => name !== "").join(", ");
  const hint =
    there.length > 0
      ? suggest(split, there) || `; there are ${there.slice(0, 12).join(", ")}`
      : files.length > 0
        ? `; its files are looked for in the folder itself and below ${places}`
        : "; it holds no data files";
  const what = configuration === null ? data.dataset_path : `${data.dataset_path} (${configuration})`;
  throw new HandheldError("invalid-data", `${folder}: no split "${split}" of ${what}${hint}`);
}

/** What dataset_kwargs names, as Hugging Face's own builders take it: data_files by split, or for all. */
function namedFiles({ dataset_kwargs: given }: DataSet, split: string, path: string): string[] {
  const files = given?.data_files;
  const bySplit = typeof files === "string" || Array.isArray(files) ? { train: files } : ((files ?? {}) as object);
  const found = (bySplit as Record<string, unknown>)[split];
  const list = [found].flat().filter((file) => typeof file === "string");
  if (list.length > 0) return list.map((file) => (isAbsolute(file) ? file : join(dirname(path), file)));
  const known = Object.keys(bySplit);
  const hint = suggest(split, known) || (known.length > 0 ? `; there are ${known.join(", ")}` : "");
  throw new HandheldError("invalid-data", `${path}: dataset_kwargs.data_files: no split "${split}"${hint}`);
}

// The Allen Institute's data sets come so: valid.jsonl, and valid-labels.lst with a label a line.
async function labelsBeside(file: string): Promise<(number | string)[] | null> {
  const path = file.replace(/\.\w+$/, "-labels.lst");
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null) return null;
  return linesOf(text).map((label) => (/^\d+$/.test(label) ? Number(label) : label));
}
