// A data set's split on the hub, as Parquet or JSON Lines, through our own pull: from the branch where the hub keeps every
// public data set as Parquet, else from the repository itself.
import { basename, dirname, join } from "node:path";
import { HandheldError } from "../../errors.ts";
import { HubError } from "../../hub/errors.ts";
import { findCached, type PullOptions, pullModel } from "../../hub/pull.ts";
import { checkReference, type HubReference } from "../../hub/reference.ts";
import { hubSettings } from "../../hub/settings.ts";
import { makeFolder, pathExists, readJsonFile, writeFileAtomic } from "../../io.ts";
import { dataFilesOf, filesFor, splitFiles, splitNames } from "./folder.ts";

/** How to reach the hub. */
export type HubSource = Omit<PullOptions, "choose">;

/** Where the hub keeps data sets as <configuration>/<split>/0000.parquet. */
const converted = "refs/convert/parquet";

/**
 * Paths of the split's files, pulled where they are not in the cache yet.
 *
 * @throws HubError, HandheldError `invalid-data` where the data set has no such configuration or split
 */
export async function hubFiles(
  repo: string,
  name: string | null,
  split: string,
  options: HubSource,
): Promise<string[]> {
  let failure: unknown;
  for (const revision of [converted, "main"]) {
    try {
      return await filesAt(repo, revision, name, split, options);
    } catch (cause) {
      const passing = cause instanceof HubError ? cause.reason === "not-found" || cause.reason === "not-cached" : false;
      const absent = cause instanceof HandheldError && cause.code === "invalid-data" && !(cause instanceof HubError);
      if (!passing && !absent) throw cause;
      // What the converted branch lacks is the better explanation.
      failure ??= cause;
      if (absent) failure = cause;
    }
  }
  throw failure;
}

async function filesAt(
  repo: string,
  revision: string,
  name: string | null,
  split: string,
  options: HubSource,
): Promise<string[]> {
  const reference = checkReference({ repo, revision, file: null, kind: "dataset" });
  const asked = `${name ?? "default"}-${split}`;
  if (hubSettings(options).offline) return cachedFiles(reference, asked, options);
  try {
    const choose = <T extends { name: string }>(all: readonly T[]): T[] => chooseFiles(all, repo, name, split);
    const { dir, files } = await pullModel(reference, { ...options, choose });
    const names = files.map((file) => file.name).sort();
    await makeFolder(dirname(notePath(dir, asked)));
    await writeFileAtomic(notePath(dir, asked), `${JSON.stringify(names)}\n`);
    return names.map((file) => join(dir, ...file.split("/")));
  } catch (cause) {
    if (!(cause instanceof HubError) || cause.reason !== "network") throw cause;
    return cachedFiles(reference, asked, options).catch(() => {
      throw cause;
    });
  }
}

/** The files of a split that was pulled before; a pull that was interrupted left no note, so that half a split is none. */
async function cachedFiles(reference: HubReference, asked: string, options: HubSource): Promise<string[]> {
  const { dir } = await findCached(reference, { ...options, choose: (all) => [...all] });
  if (!(await pathExists(notePath(dir, asked)))) {
    throw new HubError(
      "not-cached",
      `${reference.repo}: ${asked} is not in the cache (${dir}); run this once while online`,
    );
  }
  const names = (await readJsonFile(notePath(dir, asked))) as string[];
  return names.map((file) => join(dir, ...file.split("/")));
}

/** Where it is noted which files a split has, beside the snapshot of a commit. */
function notePath(dir: string, asked: string): string {
  return join(dirname(dirname(dir)), "handheld", basename(dir), `${asked.replace(/[^\w.-]/g, "_")}.json`);
}

function chooseFiles<T extends { name: string }>(
  all: readonly T[],
  repo: string,
  name: string | null,
  split: string,
): T[] {
  const data = dataFilesOf(all.map((file) => file.name));
  const folders = [...new Set(data.flatMap((file) => file.folders.slice(-1)))];
  // A data set with one configuration need not be asked for it by name.
  const configuration = name ?? (folders.length === 1 ? folders[0]! : null);
  const within = filesFor(data, { names: [], configuration });
  if (data.length > 0 && within.length === 0) {
    const wanted = name === null ? "needs a configuration (dataset_name)" : `no configuration "${name}"`;
    throw new HandheldError("invalid-data", `${repo}: ${wanted}; there are ${folders.slice(0, 12).join(", ")}`);
  }
  const chosen = new Set(splitFiles(within, split, { names: [], configuration }));
  if (chosen.size > 0) return all.filter((file) => chosen.has(file.name));
  const place = name === null ? repo : `${repo} (${name})`;
  const there = splitNames(within).slice(0, 12);
  const hint = there.length > 0 ? `there are ${there.join(", ")}` : "it has no files of data that can be read";
  throw new HandheldError("invalid-data", `${place}: no split "${split}"; ${hint}`);
}
