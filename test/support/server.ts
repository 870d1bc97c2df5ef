// A web server for browser tests: folders by prefix, with or without cross-origin isolation, a log of what was asked for,
// and faults on demand.
import { readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

// The module under test goes into the window, because functions that a test evaluates cannot import.
const page = `<!doctype html><title>test</title><script type="module">
import * as handheld from "/handheld/browser/index.js";
window.handheld = handheld;
</script>`;

/** What a test may do to a response instead of the usual: `refuse` drops the connection at once. */
export type Fault = "refuse" | ((body: Buffer, response: ServerResponse) => void);

/** A running server. */
export interface TestServer {
  /** `http://127.0.0.1:port`: a secure context, as localhost always is. */
  readonly url: string;
  /** Paths asked for, oldest first. */
  readonly log: string[];
  /** Faults by path. */
  readonly faults: Map<string, Fault>;
  close(): Promise<void>;
}

/**
 * Serves `folders` (prefix → folder); `/` is a page with handheld/browser in it. `isolated`: send the headers that allow
 * shared memory.
 */
export async function serve(folders: Record<string, string>, { isolated = true } = {}): Promise<TestServer> {
  const log: string[] = [];
  const faults = new Map<string, Fault>();
  const headers: Record<string, string> = isolated
    ? { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" }
    : {};
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = normalize(decodeURIComponent(new URL(request.url!, "http://localhost").pathname));
    log.push(path);
    const fault = faults.get(path);
    const body = path === "/" ? Buffer.from(page) : find(folders, path);
    const type = types[path === "/" ? ".html" : extname(path)] ?? "application/octet-stream";
    if (fault === "refuse") request.socket.destroy();
    else if (body === null) response.writeHead(404, headers).end();
    else {
      response.writeHead(200, { ...headers, "content-type": type, "content-length": body.length });
      if (fault) fault(body, response);
      else response.end(body);
    }
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    faults,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function find(folders: Record<string, string>, path: string): Buffer | null {
  for (const [prefix, folder] of Object.entries(folders)) {
    if (!path.startsWith(prefix)) continue;
    const file = join(folder, path.slice(prefix.length));
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) return readFileSync(file);
  }
  return null;
}
