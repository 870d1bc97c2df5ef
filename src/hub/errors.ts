// What can go wrong with a hub, as one class with a reason that programs may branch on. Messages say what to do next.
import { type ErrorCode, HandheldError } from "../errors.ts";

/**
 * Why a pull failed: no access; no such repository, revision or file; no connection; a server that keeps failing or asks
 * for patience; bytes that are not what the hub promised; no room on the disk; offline and not (wholly) in the cache;
 * a listing that is refused because of what it says.
 */
export type HubReason =
  | "access"
  | "not-found"
  | "network"
  | "server"
  | "checksum"
  | "space"
  | "not-cached"
  | "bad-listing";

const codes: Record<HubReason, ErrorCode> = {
  access: "io",
  "not-found": "io",
  network: "io",
  server: "io",
  checksum: "invalid-file",
  space: "io",
  "not-cached": "io",
  "bad-listing": "invalid-data",
};

/** A pull that failed. `status` is the hub's HTTP status where it answered. */
export class HubError extends HandheldError {
  readonly reason: HubReason;
  readonly status: number | null;
  constructor(reason: HubReason, message: string, options: { cause?: unknown; status?: number } = {}) {
    super(codes[reason], message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "HubError";
    this.reason = reason;
    this.status = options.status ?? null;
  }
}

/** What a request is about, for messages. */
export interface Subject {
  repo: string;
  revision: string;
  /** The model's page, where its licence is accepted. */
  page: string;
  /** Path inside the repository; absent for requests about the repository itself. */
  file?: string;
}

/** The hub's refusal of a request in the words of the user's problem. */
export function refusal(status: number, errorCode: string | null, subject: Subject): HubError {
  const { repo, revision, page, file } = subject;
  const enter = `accept the licence on ${page} and set HF_TOKEN to a token that may read it`;
  if (errorCode === "GatedRepo" || status === 403) {
    return new HubError("access", `${repo} is gated or private: ${enter}`, { status });
  }
  if (status === 401) {
    // The hub does not tell strangers whether a repository exists.
    const message = `${repo} is private, gated or not on the hub: check the name; if it is right, ${enter}`;
    return new HubError("access", message, { status });
  }
  if (status === 404) {
    const message =
      errorCode === "RevisionNotFound"
        ? `${repo} has no revision "${revision}"; check the name of the branch, tag or commit on ${page}`
        : file !== undefined
          ? `${repo} has no file "${file}" at ${revision}; see ${page}`
          : `there is no model ${repo} (revision ${revision}) on the hub; check the name`;
    return new HubError("not-found", message, { status });
  }
  return new HubError("server", `${repo}: the hub answered HTTP ${status} for ${file ?? "the listing"}`, { status });
}
