// A hub on two local ports for tests: one answers as the Hugging Face hub does (revision, listing, resolve), the other holds
// the large files that the first redirects to. Either misbehaves where a test tells it to. Real sockets, real HTTP.
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import type { PullOptions } from "./pull.ts";

/** A request that came in. */
export interface SeenRequest {
  server: "hub" | "content";
  path: string;
  range: string | null;
  authorization: string | null;
}

/** Takes a request over; false leaves it to the usual answer. `content` is the file that is asked for. */
export type Mischief = (
  seen: SeenRequest,
  response: ServerResponse,
  content: Buffer | null,
) => boolean | Promise<boolean>;

/** A running hub. */
export interface TestHub {
  endpoint: string;
  commit: string;
  requests: SeenRequest[];
  /** Changes what the hub does from now on. */
  mischief: Mischief;
  /** Changes the listing. */
  entries: ListingEntry[];
  /** Requests for contents of files. */
  downloads(): SeenRequest[];
  /** Options of a pull from this hub into a folder of its own. */
  options: PullOptions & { cacheDir: string };
  /** Environment of a process that pulls from it into the same folder. */
  env: Record<string, string>;
  content(name: string): Buffer;
}

/** A line of the listing, as the hub writes it. */
export interface ListingEntry {
  type: string;
  path: string;
  size: number;
  oid: string;
  lfs?: { oid: string; size: number; pointerSize: number };
}

/** The repository that the hub has. */
export const repo = "tester/tiny-model";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** Incompressible bytes. */
export function bytes(count: number): Buffer {
  return randomBytes(count);
}

/** The files of a small model; `weightsBytes` of model.safetensors come from the content server. */
export function modelFiles(weightsBytes = 300_000): Record<string, Buffer> {
  return {
    "config.json": Buffer.from('{"model_type":"llama"}'),
    "tokenizer.json": Buffer.from("{}"),
    "README.md": Buffer.from("# tiny"),
    "model.safetensors": bytes(weightsBytes),
    "pytorch_model.bin": bytes(1000),
  };
}

/** Starts a hub with these files; it ends with the test. Files above 10 kB are large ones. */
export async function startHub(files: Record<string, Buffer> = modelFiles()): Promise<TestHub> {
  const cacheDir = mkdtempSync(join(tmpdir(), "handheld-hub-"));
  const commit = createHash("sha1").update(Object.keys(files).join()).digest("hex");
  const requests: SeenRequest[] = [];
  const serve = (server: "hub" | "content") =>
    listen(async (request, response) => {
      const seen = see(server, request);
      requests.push(seen);
      const content = contentOf(files, seen.path);
      if (await hub.mischief(seen, response, content)) return;
      if (server === "hub") answerAsHub(hub, content, seen, response, contentAddress);
      else sendFile(content, seen, response);
    });
  const [front, back] = await Promise.all([serve("hub"), serve("content")]);
  const contentAddress = addressOf(back);
  const endpoint = addressOf(front);
  const hub: TestHub = {
    endpoint,
    commit,
    requests,
    mischief: () => false,
    entries: Object.entries(files).map(([path, content]) => entryOf(path, content)),
    downloads: () => requests.filter(({ server, path }) => server === "content" || path.includes("/resolve/")),
    options: {
      endpoint,
      cacheDir,
      token: "",
      offline: false,
      patience: { attempts: 4, firstWaitMs: 2, longestWaitMs: 300, stallMs: 5000 },
      lockTimes: { touchMs: 20, abandonedMs: 1000, lookMs: 5 },
    },
    env: { HF_ENDPOINT: endpoint, HF_HUB_CACHE: cacheDir, HF_TOKEN: "", HF_HUB_OFFLINE: "" },
    content: (name) => files[name]!,
  };
  cleanups.push(() => {
    for (const server of [front, back]) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(cacheDir, { recursive: true, force: true });
  });
  return hub;
}

/** Sends a file or the range of it that was asked for, as servers do. */
export function sendFile(content: Buffer | null, { range }: SeenRequest, response: ServerResponse): void {
  if (content === null) {
    response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
    return;
  }
  const [begin, end] = rangeOf(range, content.byteLength);
  if (begin >= content.byteLength && range !== null) {
    response.writeHead(416).end();
    return;
  }
  const body = content.subarray(begin, end);
  const ranged = { "content-range": `bytes ${begin}-${end - 1}/${content.byteLength}` };
  const headers = { "content-length": body.byteLength, "accept-ranges": "bytes", ...(range === null ? {} : ranged) };
  response.writeHead(range === null ? 200 : 206, headers).end(body);
}

/** First byte and end of a Range header; the whole file without one. */
export function rangeOf(range: string | null, sizeBytes: number): [number, number] {
  const [, begin, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "bytes=0-")!;
  return [Number(begin), last === "" ? sizeBytes : Math.min(sizeBytes, Number(last) + 1)];
}

function answerAsHub(
  { commit, entries, endpoint }: TestHub,
  content: Buffer | null,
  seen: SeenRequest,
  response: ServerResponse,
  contentAddress: string,
): void {
  const { pathname, searchParams } = new URL(seen.path, endpoint);
  const json = (value: unknown, headers = {}) =>
    response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
  const [, revision] = pathname.split(new RegExp(`^/api/(?:models|datasets)/${repo}/revision/`));
  if (revision !== undefined) {
    if (!["main", "v1", "refs/convert/parquet", commit].includes(decodeURIComponent(revision))) {
      return void response.writeHead(404, { "x-error-code": "RevisionNotFound" }).end();
    }
    return void json({ _id: "1", id: repo, sha: commit, lastModified: "2026-01-01T00:00:00Z", siblings: [] });
  }
  if (/^\/api\/(models|datasets)\//.test(pathname) && pathname.endsWith(`/${repo}/tree/${commit}`)) {
    // Two entries a page.
    const page = Number(searchParams.get("cursor") ?? 0);
    searchParams.set("cursor", String(page + 1));
    const more = entries.length > 2 * (page + 1);
    const next = { link: `<${endpoint}${pathname}?${searchParams}>; rel="next"` };
    return void json(entries.slice(2 * page, 2 * page + 2), more ? next : {});
  }
  const file = pathname.replace(/^\/datasets/, "");
  const entry = entries.find(({ path }) => file === `/${repo}/resolve/${commit}/${path}`);
  const headers = { "x-repo-commit": commit, etag: `"${entry?.oid}"` };
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (!entry?.lfs) {
    sendFile(content, seen, response);
    return;
  }
  response.setHeader("x-linked-etag", `"${entry.lfs.oid}"`).setHeader("x-linked-size", entry.lfs.size);
  response.writeHead(302, { location: `${contentAddress}/files/${entry.path}?signature=1` }).end();
}

function see(server: "hub" | "content", request: IncomingMessage): SeenRequest {
  const { range = null, authorization = null } = request.headers as Record<string, string | undefined>;
  return { server, path: request.url!, range, authorization };
}

function contentOf(files: Record<string, Buffer>, path: string): Buffer | null {
  const name = /^\/files\/([^?]+)|\/resolve\/[^/]+\/([^?]+)/.exec(path);
  return files[decodeURIComponent(name?.[1] ?? name?.[2] ?? "")] ?? null;
}

function entryOf(path: string, content: Buffer): ListingEntry {
  const size = content.byteLength;
  const oid = createHash("sha1").update(`blob ${size}\0`).update(content).digest("hex");
  if (size <= 10_000) return { type: "file", path, size, oid };
  const lfs = { oid: createHash("sha256").update(content).digest("hex"), size, pointerSize: 134 };
  return { type: "file", path, size, oid, lfs };
}

function listen(handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Promise<Server> {
  const server = createServer((request, response) => void handle(request, response));
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
