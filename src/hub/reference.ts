// Names of things on a hub: hub:org/name[/file][@revision], and the rule for names that become paths on disk.
import { HandheldError, quoteName } from "../errors.ts";

/** A model on a hub, or a file in it. */
export interface HubReference {
  /** org/name; a few old models have no org. */
  repo: string;
  /** Branch, tag or commit. */
  revision: string;
  /** Path in the repository, or a pattern with `*` and `?`; null for the files that a model needs. */
  file: string | null;
  /** Default: model. */
  kind?: RepositoryKind;
}

/** What a repository holds. */
export type RepositoryKind = "model" | "dataset";

/** Where a hub has repositories of a kind. */
export function pathPrefix({ kind }: Pick<HubReference, "kind">): string {
  return kind === "dataset" ? "datasets/" : "";
}

const prefix = "hub:";
const shape = /^((?:[A-Za-z0-9][\w.-]*\/)?[A-Za-z0-9][\w.-]*)$/;

/** Whether a model is given by its name on a hub and not by a path. */
export function isHubReference(model: string): boolean {
  return model.startsWith(prefix);
}

/**
 * Takes a reference apart; the prefix may be left out.
 *
 * @example
 * ```ts
 * parseReference("hub:org/name/model-q8_0.gguf@v1.0"); // { repo: "org/name", revision: "v1.0", file: "model-q8_0.gguf" }
 * ```
 * @throws HandheldError `invalid-option`
 */
export function parseReference(text: string): HubReference {
  const bare = isHubReference(text) ? text.slice(prefix.length) : text;
  const at = bare.indexOf("@");
  const path = at === -1 ? bare : bare.slice(0, at);
  const revision = at === -1 ? "main" : bare.slice(at + 1);
  const parts = path.split("/");
  const repo = parts.slice(0, 2).join("/");
  const file = parts.length > 2 ? parts.slice(2).join("/") : null;
  return checkReference({ repo, revision, file });
}

/** Lets a reference pass whose parts can be names. @throws HandheldError `invalid-option` */
export function checkReference(reference: HubReference): HubReference {
  const { repo, revision, file } = reference;
  if (!shape.test(repo) || repo.includes("--") || repo.includes("..")) {
    throw new HandheldError(
      "invalid-option",
      `a model on the hub is named org/name[@revision], got ${quoteName(repo)}`,
    );
  }
  for (const name of [revision, file ?? "file"]) {
    if (isSafeName(name)) continue;
    throw new HandheldError("invalid-option", `${repo}: ${quoteName(name)} is no name of a revision or file`);
  }
  return reference;
}

/** A reference as the command line takes it. */
export function formatReference({ repo, revision, file }: HubReference): string {
  return `${prefix}${repo}${file === null ? "" : `/${file}`}${revision === "main" ? "" : `@${revision}`}`;
}

/** Whether a path of a repository stays inside the folder that it is put in, on every system. */
export function isSafeName(name: unknown): boolean {
  if (typeof name !== "string") return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\\\u0000-\u001f\u007f]/.test(name) || /^[A-Za-z]:/.test(name)) return false;
  return name.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
