// The files of a split in a folder, however the data set is laid out: <split>.jsonl, <split>-00000-of-00002.parquet,
// <split>/0000.parquet, any of these below a folder of the data set's or its configuration's name.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ioError } from "../../errors.ts";
import { dataEndings } from "./rows.ts";

/** A data file by its parts. */
export interface DataFile {
  path: string;
  /** Folders on the way to it. */
  folders: readonly string[];
  /** What its name says of the split: the name without ending, shard numbers and `_split`. */
  split: string;
  ending: string;
}

const synonyms: readonly (readonly string[])[] = [
  ["train", "training"],
  ["validation", "valid", "val", "dev"],
  ["test", "testing"],
];

const most = 20_000;

/** The data files in a folder and below. @throws HandheldError `io` */
export async function listDataFiles(folder: string): Promise<DataFile[]> {
  const entries = await readdir(folder, { recursive: true }).catch((cause) => {
    throw ioError("read", folder, cause);
  });
  return dataFilesOf(entries.slice(0, most).sort()).map((file) => ({ ...file, path: join(folder, file.path) }));
}

/** Takes the names of data files apart; others are left out. */
export function dataFilesOf(names: readonly string[]): DataFile[] {
  return names.flatMap((path): DataFile[] => {
    const parts = path.split(/[/\\]/);
    const match = /^(.*)\.(\w+)$/.exec(parts.pop()!);
    const ending = match?.[2] ?? "";
    if (!match || !(dataEndings as readonly string[]).includes(ending)) return [];
    const stem = match[1]!.replace(/-\d+-of-\d+$/, "").replace(/_split$/, "");
    // 0000.parquet lies in a folder of the split's name.
    const split = /^(\d+|part-\d+.*|data)$/.test(stem) ? (parts.pop() ?? stem) : stem;
    return [{ path, folders: parts, split, ending }];
  });
}

/** Names of the splits that files are of. */
export function splitNames(files: readonly DataFile[]): string[] {
  return [...new Set(files.map(({ split }) => split))].sort();
}

/** What a data set's files lie under. */
export interface DataNames {
  /** Of the task and of the data set. */
  names: readonly string[];
  /** Of the data set's configuration; null where it has only one. */
  configuration: string | null;
}

/** Folders whose names say nothing of what lies in them. */
const plainFolders: ReadonlySet<string> = new Set(["data", "default", "main", "plain_text"]);

/**
 * The files that may be a data set's: those below a folder of its configuration's name, or directly in one that is no other
 * data set's or configuration's.
 */
export function filesFor(files: readonly DataFile[], { names, configuration }: DataNames): DataFile[] {
  const known = knownFolders({ names, configuration });
  const own = configuration === null ? known : new Set([names[0], configuration]);
  return files.filter(({ folders }) => {
    const last = folders.at(-1);
    return last === undefined || plainFolders.has(last) || known.has(last) || folders.some((folder) => own.has(folder));
  });
}

/** The files of a split; names choose between several that have one. */
export function splitFiles(files: readonly DataFile[], split: string, of: DataNames): string[] {
  const wanted = namesOf(split);
  const ofSplit = filesFor(files, of).filter((file) => wanted.includes(file.split));
  const exact = ofSplit.filter((file) => file.split === split);
  const candidates = exact.length > 0 ? exact : ofSplit;
  const known = knownFolders(of);
  const hits = ({ folders }: DataFile) => folders.filter((folder) => known.has(folder)).length;
  const best = Math.max(0, ...candidates.map(hits));
  const nearest = candidates.filter((file) => hits(file) === best);
  // Of several formats one.
  const ending = dataEndings.find((end) => nearest.some((file) => file.ending === end));
  const same = nearest.filter((file) => file.ending === ending);
  const folder = same[0]?.folders.join("/");
  return same.filter(({ folders }) => folders.join("/") === folder).map(({ path }) => path);
}

function knownFolders({ names, configuration }: DataNames): Set<string> {
  const all = configuration === null ? names : [...names, configuration];
  return new Set(all.flatMap((name) => [name, name.split("/").at(-1)!]));
}

/** What a split may be called. */
function namesOf(split: string): readonly string[] {
  return synonyms.find((names) => names.includes(split)) ?? [split];
}
