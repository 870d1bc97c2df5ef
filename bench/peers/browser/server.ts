// Serves the page, the engines and the model files to a browser on this machine, cross-origin isolated so that threads
// work. TypeScript files are served with their types taken out.
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";

const peers = fileURLToPath(new URL("..", import.meta.url));
const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".ts": "text/javascript",
  ".wasm": "application/wasm",
};

/** A running server. */
export interface PageServer {
  /** For example `http://127.0.0.1:41234`. */
  origin: string;
  close(): void;
}

/** Starts the server on a free port of 127.0.0.1. `models` is the folder of the model files. */
export async function servePage(models: string): Promise<PageServer> {
  const folders: Record<string, string> = {
    peers,
    dist: join(peers, "../../dist"),
    modules: join(peers, "node_modules"),
    packages: join(peers, "../../node_modules"),
    models,
  };
  const server = createServer(async (request, response) => {
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://page").pathname);
    const [, folder = "", ...rest] = normalize(path).split(sep);
    const root = Object.hasOwn(folders, folder) ? folders[folder] : undefined;
    const sent = root !== undefined && (await sendFile(response, join(root, ...rest)).catch(() => false));
    if (!sent && !response.headersSent) response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function sendFile(response: ServerResponse, path: string): Promise<boolean> {
  const { size } = await stat(path);
  response.setHeader("Content-Type", types[extname(path)] ?? "application/octet-stream");
  if (path.endsWith(".ts")) {
    response.end(stripTypeScriptTypes(await readFile(path, "utf8")));
  } else if (path.startsWith(join(peers, "../../dist")) && path.endsWith(".js")) {
    // Workers know no import maps: the package's one dependency by name becomes a path.
    response.end((await readFile(path, "utf8")).replace('from "zod"', 'from "/packages/zod/index.js"'));
  } else {
    response.setHeader("Content-Length", size);
    createReadStream(path)
      .on("error", () => response.destroy())
      .pipe(response);
  }
  return true;
}
