// What a hub has of a repository: the commit behind a revision, and its files with sizes and hashes. Nothing that the hub
// says becomes a path before it was checked here.
import { HandheldError, quoteName } from "../errors.ts";
import { HubError, type Subject } from "./errors.ts";
import type { HubClient } from "./http.ts";
import { type HubReference, isSafeName, pathPrefix } from "./reference.ts";

/** A file of a repository. */
export interface HubFile {
  /** Path in the repository, with slashes. */
  name: string;
  sizeBytes: number;
  /** Hash of the content, in hex: SHA-256, or Git's SHA-1 of a blob. Names the file in the cache. */
  hash: string;
  hashKind: "sha256" | "git-sha1";
}

/** A revision of a repository. */
export interface HubListing {
  /** 40 hex digits. */
  commit: string;
  files: HubFile[];
}

/**
 * Lists a revision. `recursive` looks into folders too.
 *
 * @throws HubError `access`, `not-found`, `network`, `server`, or `bad-listing` when it names a
 *   file outside the model's folder or makes no sense
 */
export async function listRepository(
  client: HubClient,
  reference: HubReference,
  recursive: boolean,
): Promise<HubListing> {
  const { datasetInfo, listFiles, modelInfo } = await import("@huggingface/hub");
  const { repo, revision, kind = "model" } = reference;
  const subject = subjectOf(client, reference);
  const common = { hubUrl: client.endpoint, fetch: client.fetchFor(subject) };
  try {
    const asked = { ...common, name: repo, revision };
    const { sha: commit } =
      kind === "dataset"
        ? await datasetInfo({ ...asked, additionalFields: ["sha"] })
        : await modelInfo({ ...asked, additionalFields: ["sha"] });
    if (!/^[0-9a-f]{40}$/.test(commit)) throw new Error(`the commit of ${revision} is ${quoteName(String(commit))}`);
    const files: HubFile[] = [];
    const repository = { type: kind, name: repo };
    for await (const entry of listFiles({ ...common, repo: repository, revision: commit, recursive })) {
      if (!isSafeName(entry.path)) throw new Error(`${quoteName(String(entry.path))} leads out of the model's folder`);
      if (entry.type === "file") files.push(fileOf(entry));
    }
    return { commit, files };
  } catch (cause) {
    if (cause instanceof HandheldError) throw cause;
    const message = `${repo}: the hub's listing is refused: ${(cause as Error).message}; nothing was fetched`;
    throw new HubError("bad-listing", message, { cause });
  }
}

/** What requests about a repository are about. */
export function subjectOf(client: HubClient, reference: HubReference): Subject {
  const { repo, revision } = reference;
  return { repo, revision, page: `${client.endpoint}/${pathPrefix(reference)}${repo}` };
}

type Entry = { path: string; size: number; oid?: string; lfs?: { oid: string; size: number } };

function fileOf({ path: name, size, oid, lfs }: Entry): HubFile {
  const file: HubFile = lfs
    ? { name, sizeBytes: lfs.size, hash: lfs.oid, hashKind: "sha256" }
    : { name, sizeBytes: size, hash: oid ?? "", hashKind: "git-sha1" };
  const proper = new RegExp(`^[0-9a-f]{${lfs ? 64 : 40}}$`).test(file.hash);
  if (proper && Number.isSafeInteger(file.sizeBytes) && file.sizeBytes >= 0) return file;
  throw new Error(`${quoteName(name)} has no proper size and hash`);
}
