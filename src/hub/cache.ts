// Hugging Face's cache folder: blobs named by their hash, snapshots of commits as links to them, refs from names to commits.
// What Python's huggingface_hub has pulled is found here, and the other way round.
import {
  copyFile,
  link,
  lstat,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  statfs,
  symlink,
} from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { ioError } from "../errors.ts";
import { formatBytes } from "../format.ts";
import { makeFolder, pathExists, readJsonFile, writeFileAtomic } from "../io.ts";
import { HubError } from "./errors.ts";
import type { HubFile } from "./listing.ts";
import type { HubReference } from "./reference.ts";

/** A file of a snapshot. */
export interface CachedFile {
  /** Path in the repository, with slashes. */
  name: string;
  sizeBytes: number;
}

/** How a snapshot's file gets its content: a link to the blob, or, where a system has none, the blob's bytes. */
export type LinkKind = "symlink" | "hard-link" | "copy";

const linkKinds: readonly LinkKind[] = ["symlink", "hard-link", "copy"];

/** The folder of one repository in a cache. */
export class RepositoryCache {
  readonly folder: string;
  /** Where processes that pull this repository meet; beside Python's locks. */
  readonly lockPath: string;
  private readonly kinds: readonly LinkKind[];

  /** `kinds` are the ways to link that are tried, best first. */
  constructor(
    cacheDir: string,
    { repo, kind = "model" }: Pick<HubReference, "repo" | "kind">,
    kinds: readonly LinkKind[] = linkKinds,
  ) {
    const name = `${kind}s--${repo.replaceAll("/", "--")}`;
    this.folder = join(cacheDir, name);
    this.lockPath = join(cacheDir, ".locks", name, "handheld.lock");
    this.kinds = kinds;
  }

  blobPath(hash: string): string {
    return join(this.folder, "blobs", hash);
  }

  /** The folder of a commit: the model directory. */
  snapshotPath(commit: string): string {
    return join(this.folder, "snapshots", commit);
  }

  filePath(commit: string, name: string): string {
    return join(this.snapshotPath(commit), ...name.split("/"));
  }

  /** Whether a file is there, whole: in the snapshot, or as a blob that only needs its link. */
  async has(commit: string, { name, hash, sizeBytes }: HubFile): Promise<boolean> {
    return (
      (await sizeOf(this.filePath(commit, name))) === sizeBytes || (await sizeOf(this.blobPath(hash))) === sizeBytes
    );
  }

  /** Makes a snapshot's file out of a blob. One that is there already stays. @throws HandheldError `io` */
  async place(commit: string, { name, hash, sizeBytes }: HubFile): Promise<void> {
    const path = this.filePath(commit, name);
    const blob = this.blobPath(hash);
    if ((await sizeOf(path)) === sizeBytes && !(await leadsElsewhere(path, blob))) return;
    await makeFolder(dirname(path));
    const temporary = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}.tmp`;
    try {
      await this.link(blob, temporary);
      await rename(temporary, path);
    } catch (cause) {
      await rm(temporary, { force: true });
      throw ioError("write", path, cause);
    }
  }

  /** The commit that a branch or tag stood for when it was last pulled; null when it never was. */
  async commitOf(revision: string): Promise<string | null> {
    if (/^[0-9a-f]{40}$/.test(revision)) return revision;
    const text = await readFile(this.refPath(revision), "utf8").catch(() => "");
    return /^[0-9a-f]{40}$/.test(text.trim()) ? text.trim() : null;
  }

  /** Notes what a revision stands for. @throws HandheldError `io` */
  async setCommit(revision: string, commit: string): Promise<void> {
    if (revision === commit || (await this.commitOf(revision)) === commit) return;
    await writeFileAtomic(this.refPath(revision), commit);
  }

  /** The files of a snapshot; none where there is no such snapshot. */
  async filesOf(commit: string): Promise<CachedFile[]> {
    const folder = this.snapshotPath(commit);
    const paths = await readdir(folder, { recursive: true }).catch(() => []);
    const files: CachedFile[] = [];
    for (const path of paths.sort()) {
      const sizeBytes = await sizeOf(join(folder, path));
      if (sizeBytes !== null) files.push({ name: path.split(sep).join("/"), sizeBytes });
    }
    return files;
  }

  /** What a snapshot lacks to be loaded: names of files. */
  async missingOf(commit: string): Promise<string[]> {
    const has = (name: string) => pathExists(this.filePath(commit, name));
    const missing: string[] = (await has("config.json")) ? [] : ["config.json"];
    if (await has("model.safetensors")) return missing;
    const indexName = "model.safetensors.index.json";
    if (!(await has(indexName))) return [...missing, "model.safetensors"];
    const index = (await readJsonFile(this.filePath(commit, indexName))) as { weight_map?: Record<string, string> };
    for (const shard of new Set(Object.values(index.weight_map ?? {}))) {
      if (!(await has(shard))) missing.push(shard);
    }
    return missing;
  }

  private refPath(revision: string): string {
    return join(this.folder, "refs", ...revision.split("/"));
  }

  private async link(blob: string, path: string): Promise<void> {
    const make: Record<LinkKind, () => Promise<void>> = {
      symlink: () => symlink(relative(dirname(path), blob), path),
      "hard-link": () => link(blob, path),
      copy: () => copyFile(blob, path),
    };
    for (const [i, kind] of this.kinds.entries()) {
      try {
        return await make[kind]();
      } catch (cause) {
        // Windows without the right to link, a card that knows no links.
        const last = i === this.kinds.length - 1;
        if (last || (cause as NodeJS.ErrnoException).code === "ENOSPC") throw cause;
      }
    }
  }
}

/** Makes sure that so many bytes fit beside what is there. @throws HubError `space` */
export async function checkSpace(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder).catch(() => ({ bavail: Infinity, bsize: 1 }));
  const freeBytes = bavail * bsize;
  if (neededBytes <= freeBytes) return;
  const sizes = `${formatBytes(neededBytes)} are needed and ${formatBytes(freeBytes)} free`;
  throw new HubError("space", `${folder}: ${sizes}; make room, or set HF_HUB_CACHE to a folder on another disk`);
}

/** Bytes of a file, through links; null where there is none. */
export async function sizeOf(path: string): Promise<number | null> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : null;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw ioError("read", path, cause);
  }
}

// A link to the blob of another content, which happens to be as long.
async function leadsElsewhere(path: string, blob: string): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  if (!found?.isSymbolicLink()) return false;
  return relative(dirname(path), blob) !== (await readlink(path)) && (await sizeOf(blob)) !== null;
}
