// The site on disk. Node only.
import { readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { HandheldError, ioError } from "../errors.ts";
import { makeFolder, pathExists, writeFileAtomic } from "../io.ts";
import { generator, type PageAssets } from "./files.ts";

// Sources run as they are, too; what is bundled must be built then.
const here = import.meta.url.replace(/\/src\/leaderboard\/[^/]*\.ts$/, "/dist/leaderboard/");

/** The script and the style that pages load. @throws HandheldError `io` when they were not built */
export async function readAssets(): Promise<PageAssets> {
  const read = async (name: string) => {
    const url = new URL(`page/${name}`, here);
    return readFile(url, "utf8").catch((cause) => {
      throw new HandheldError("io", `cannot read ${url.pathname}; run "npm run build"`, { cause });
    });
  };
  return { script: await read("page.js"), style: await read("style.css") };
}

/**
 * Puts the files into a folder: all are written elsewhere first, and a failure on the way changes nothing. A folder that is
 * new appears as a whole; in one that has a site of ours the files are exchanged, pages last. Other files there stay.
 *
 * @throws HandheldError `io`, `invalid-option` where a file of one of the names is there and no site of ours
 */
export async function writeSite(path: string, files: ReadonlyMap<string, string>): Promise<void> {
  const folder = resolve(path);
  const existing = await entriesOf(folder);
  if (existing !== null) await refuseForeign(folder, existing, files);
  const unique = `.${basename(folder)}.${process.pid.toString(36)}-${Date.now().toString(36)}`;
  const temporary = join(existing === null ? dirname(folder) : folder, unique);
  try {
    await makeFolder(dirname(folder));
    for (const [name, text] of files) await writeFileAtomic(join(temporary, name), text);
    if (existing === null) return await rename(temporary, folder);
    const pagesLast = [...files.keys()].sort((a, b) => Number(a.endsWith(".html")) - Number(b.endsWith(".html")));
    for (const name of pagesLast) await rename(join(temporary, name), join(folder, name));
  } catch (cause) {
    throw ioError("write", folder, cause);
  } finally {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
  }
}

/** Names in a folder; null where there is none. */
async function entriesOf(folder: string): Promise<string[] | null> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw ioError("read", folder, cause);
  }
}

async function refuseForeign(folder: string, existing: string[], files: ReadonlyMap<string, string>): Promise<void> {
  const taken = existing.filter((name) => files.has(name));
  const index = join(folder, "index.html");
  const ours =
    (await pathExists(index)) && (await readFile(index, "utf8").catch(() => "")).includes(`content="${generator}"`);
  if (taken.length > 0 && !ours) {
    throw new HandheldError(
      "invalid-option",
      `${join(folder, taken[0]!)} is not of a leaderboard; choose another folder with --out`,
    );
  }
}
