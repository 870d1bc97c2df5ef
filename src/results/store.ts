// A folder of results: a JSON file per record, named by its id. Files appear whole or not at all, so that several
// processes may append at once; what is damaged is set aside and told, and hides nothing else.
import { randomBytes } from "node:crypto";
import type { Dirent } from "node:fs";
import { open, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { HandheldError, ioError } from "../errors.ts";
import { makeFolder, parseJson, pathExists, writeFileAtomic } from "../io.ts";
import { parseRecord } from "./parse.ts";
import type { ResultRecord } from "./record.ts";

/** A file of a results folder that gave no record. */
export interface Problem {
  /** Its name in the folder. */
  file: string;
  /**
   * `quarantined`: damaged, and moved to `quarantine/`, where nothing is ever removed. `newer`: of a later version of this
   * package. `left`: not read, for the reason given, and not touched.
   */
  kind: "quarantined" | "newer" | "left";
  reason: string;
}

/** What a folder has. */
export interface StoredResults {
  /** By time, the oldest first. */
  records: ResultRecord[];
  problems: Problem[];
}

/** Where damaged files go, within the folder. */
export const quarantineFolder = "quarantine";

/** Bytes of a record's file at most; one of hundreds of tasks and points has some 200 kB. */
const mostBytes = 16 << 20;

/** Names as {@link newRecordId} makes them: only such files are ever moved. */
const ownName = /^\d{8}T\d{9}-[0-9a-f]{8}\.json$/;

/** An id for a record of this moment: `20261126T221530123-9f86d081`. */
export function newRecordId(date = new Date()): string {
  return `${date.toISOString().replace(/[-:.Z]/g, "")}-${randomBytes(4).toString("hex")}`;
}

/**
 * Adds a record to a folder, which is made where it is missing; returns the file's path.
 *
 * @throws HandheldError `io`, `invalid-file` for what is no valid record, `invalid-option` where its id is taken
 */
export async function appendRecord(folder: string, record: ResultRecord): Promise<string> {
  const valid = parseRecord(JSON.parse(JSON.stringify(record)), `record ${record.id}`);
  const path = join(folder, `${valid.id}.json`);
  if (await pathExists(path)) throw new HandheldError("invalid-option", `${path} exists already; records never change`);
  await writeFileAtomic(path, `${JSON.stringify(valid, null, 1)}\n`);
  return path;
}

/**
 * Reads all records of a folder; one that is missing has none. Damaged files are moved to `quarantine/`, unless the disk
 * does not allow it.
 *
 * @throws HandheldError `io` where the folder itself cannot be read
 * @example
 * ```ts
 * const { records, problems } = await readRecords("runs/results");
 * for (const { file, reason } of problems) console.warn(`${file}: ${reason}`);
 * ```
 */
export async function readRecords(folder: string): Promise<StoredResults> {
  const records: ResultRecord[] = [];
  const problems: Problem[] = [];
  for (const entry of await recordFiles(folder)) {
    const found = await readEntry(folder, entry);
    if (found === null) continue;
    if ("kind" in found) problems.push(found);
    else records.push(found);
  }
  records.sort((a, b) => compare(a.createdAt, b.createdAt) || compare(a.id, b.id));
  return { records, problems };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function recordFiles(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const files = entries.filter(({ name }) => name.endsWith(".json") && !name.startsWith("."));
    return files.sort((a, b) => compare(a.name, b.name));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw ioError("read", folder, cause);
  }
}

/** A record or what is wrong with its file; null where it was gone in the meantime. */
async function readEntry(folder: string, entry: Dirent): Promise<ResultRecord | Problem | null> {
  const file = entry.name;
  if (!entry.isFile()) return { file, kind: "left", reason: "not a plain file (links are not followed)" };
  try {
    const record = parseRecord(parseJson(await readBounded(join(folder, file)), file), file);
    if (`${record.id}.json` === file) return record;
    return setAside(folder, file, `its id is ${record.id}, which is not its name`);
  } catch (error) {
    if (!(error instanceof HandheldError)) throw error;
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT") return null;
    const reason = error.message.startsWith(`${file}: `) ? error.message.slice(file.length + 2) : error.message;
    if (error.code === "unsupported") return { file, kind: "newer", reason };
    return error.code === "io" ? { file, kind: "left", reason } : setAside(folder, file, reason);
  }
}

/** @throws HandheldError `io`, `invalid-file` for one that is too large to be a record's */
async function readBounded(path: string): Promise<string> {
  try {
    const handle = await open(path, "r");
    try {
      const { size } = await handle.stat();
      if (size > mostBytes) {
        throw new HandheldError("invalid-file", `${size} bytes, and a record has at most ${mostBytes}`);
      }
      return await handle.readFile("utf8");
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw ioError("read", path, cause);
  }
}

/** Moves a file with a record's name to the quarantine; others are somebody's and stay. */
async function setAside(folder: string, file: string, reason: string): Promise<Problem> {
  if (!ownName.test(file)) return { file, kind: "left", reason };
  try {
    const aside = join(folder, quarantineFolder);
    await makeFolder(aside);
    let name = file;
    for (let i = 2; await pathExists(join(aside, name)); i++) name = file.replace(/\.json$/, `.${i}.json`);
    await rename(join(folder, file), join(aside, name));
    return { file, kind: "quarantined", reason };
  } catch (cause) {
    const { message } = ioError("move", file, cause);
    return { file, kind: "left", reason: `${reason}; ${message}` };
  }
}
