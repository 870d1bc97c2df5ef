// What an evaluation has finished, on disk: a line per block of questions, so that one that was killed goes on where it was.
// A line that was cut off is dropped; lines of another task, model or version are in another file.
import { appendFile, open, truncate } from "node:fs/promises";
import { join } from "node:path";
import { ioError } from "../errors.ts";
import { makeFolder, readTextFile } from "../io.ts";

/** Finished blocks by key. */
export interface Journal {
  /** The results of a block that was finished before. */
  get(key: string): unknown;
  /** Notes a block's results; they are on disk when it returns. @throws HandheldError `io` */
  add(key: string, results: unknown): Promise<void>;
  /** Blocks that were finished before. */
  readonly size: number;
}

/** A journal that forgets. */
export function memoryJournal(): Journal {
  return { get: () => undefined, add: async () => {}, size: 0 };
}

/**
 * Opens `<folder>/<name>.jsonl`, whose name says what its lines are results of. `fresh` forgets what is there.
 *
 * @throws HandheldError `io`
 */
export async function openJournal(folder: string, name: string, fresh = false): Promise<Journal> {
  await makeFolder(folder);
  const path = join(folder, `${name}.jsonl`);
  const file = await open(path, "a").catch((cause) => {
    throw ioError("write", path, cause);
  });
  await file.close();
  if (fresh) await truncate(path, 0);
  const text = await readTextFile(path);
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  // The end of a line that a kill cut off must not begin the next one.
  if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole));
  const found = new Map<string, unknown>();
  for (const line of whole.split("\n")) {
    const entry = parseLine(line);
    if (entry) found.set(entry.key, entry.results);
  }
  return {
    size: found.size,
    get: (key) => found.get(key),
    async add(key, results) {
      try {
        await appendFile(path, `${JSON.stringify({ key, results })}\n`, { flush: true });
      } catch (cause) {
        throw ioError("write", path, cause);
      }
    },
  };
}

function parseLine(line: string): { key: string; results: unknown } | null {
  try {
    const { key, results } = JSON.parse(line) as { key?: unknown; results?: unknown };
    return typeof key === "string" && results !== undefined ? { key, results } : null;
  } catch {
    return null;
  }
}
