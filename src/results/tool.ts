// What made a record: this package's version, and the commit of its checkout where it is one.
import { execFile } from "node:child_process";
import { realpath } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readJsonFile } from "../io.ts";
import type { ResultRecord } from "./record.ts";

/** The folder of package.json, whether this file runs from src or from dist. */
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Version and commit; the commit ends in `-dirty` where files differ from it. */
export async function toolIdentity(): Promise<ResultRecord["tool"]> {
  const { version } = (await readJsonFile(`${root}package.json`)) as { version: string };
  return { version, commit: await commitOf(root) };
}

/** The commit of a folder that is the top of a git checkout; null for any other, or where there is no git. */
export async function commitOf(folder: string): Promise<string | null> {
  const git = async (...args: string[]) => {
    // A hook's environment would name another repository.
    const { GIT_DIR: _, GIT_WORK_TREE: __, GIT_INDEX_FILE: ___, ...env } = process.env;
    const { stdout } = await promisify(execFile)("git", ["-C", folder, ...args], { env, timeout: 10_000 });
    return stdout.trim();
  };
  try {
    // Installed into somebody else's repository, the commit would be theirs.
    const top = await git("rev-parse", "--show-toplevel");
    if ((await realpath(top)) !== (await realpath(folder))) return null;
    return await git("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*");
  } catch {
    return null;
  }
}
