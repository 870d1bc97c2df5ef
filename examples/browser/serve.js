// Serves this page, the built package and one model directory, with the two headers that let a page use several threads.
//
//   npm run build && npx node examples/browser/serve.js [model directory] [port]
//
// A model directory comes from `npm start`; its int4 form is in runs/calls/int4. The page can also open one from the disk.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const [model = "runs/calls/int4", port = "8080"] = process.argv.slice(2);
const root = fileURLToPath(new URL("../..", import.meta.url));
const folders = { "/handheld/": join(root, "dist"), "/model/": model, "/": join(root, "examples/browser") };
const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

function fileOf(path) {
  const prefix = Object.keys(folders).find((each) => path.startsWith(each));
  const file = join(folders[prefix], path.slice(prefix.length) || "index.html");
  return existsSync(file) && statSync(file).isFile() ? file : null;
}

const server = createServer(({ url }, response) => {
  const file = fileOf(normalize(decodeURIComponent(new URL(url, "http://localhost").pathname)));
  if (file === null) return response.writeHead(404, isolation).end();
  const type = types[extname(file)] ?? "application/octet-stream";
  response.writeHead(200, { ...isolation, "Content-Type": type, "Content-Length": statSync(file).size });
  createReadStream(file).pipe(response);
});
server.listen(Number(port), "127.0.0.1", () => {
  if (!existsSync(join(root, "dist/browser/engine.js"))) console.log('dist is not built yet: run "npm run build"');
  if (!existsSync(join(model, "config.json"))) console.log(`${model} is no model directory; open one in the page`);
  console.log(`http://localhost:${server.address().port}/`);
});
