// Bundles what runs on other devices into dist/remote: the phone's page (its kernels are those of dist/browser) and the job
// runner for Node, one file that carries its kernels with it.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";
import { licences, withoutNode } from "./bundle-browser.js";

const common = {
  bundle: true,
  format: "esm",
  minify: true,
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
};

/** Bundles from `root`/src/remote into `root`/dist/remote. Needs dist/kernels/wasm. */
export async function bundleRemote(root) {
  mkdirSync(join(root, "dist/remote/page"), { recursive: true });
  await bundlePage(root);
  await bundleRunner(root);
}

async function bundlePage(root) {
  const [source, out] = [join(root, "src/remote/page"), join(root, "dist/remote/page")];
  const { metafile } = await build({
    ...common,
    entryPoints: { page: join(source, "main.ts"), "job-worker": join(source, "worker.ts") },
    absWorkingDir: root,
    outdir: out,
    platform: "browser",
    target: "es2022",
    plugins: [withoutNode],
  });
  for (const file of ["index.html", "style.css"]) copyFileSync(join(source, file), join(out, file));
  writeFileSync(join(out, "LICENSES.txt"), licences(root, Object.keys(metafile.inputs), "job-worker.js"));
}

// Node has shared memory everywhere, so of the kernels the two for threads are enough.
const kernels = ["handheld-relaxed-threads.wasm", "handheld-simd128-threads.wasm"];

async function bundleRunner(root) {
  const entries = { runner: "src/remote/node/runner.ts", worker: "src/kernels/wasm/worker.ts" };
  const files = [];
  for (const [name, path] of Object.entries(entries)) {
    const options = { entryPoints: [join(root, path)], absWorkingDir: root, write: false, platform: "node" };
    const { outputFiles } = await build({ ...common, ...options, target: "node20" });
    files.push([`${name}.js`, Buffer.from(outputFiles[0].contents)]);
  }
  for (const name of kernels) files.push([name, readFileSync(join(root, "dist/kernels/wasm", name))]);
  const index = files.map(([name, bytes]) => [name, bytes.length]);
  const packed = brotliCompressSync(Buffer.concat(files.map(([, bytes]) => bytes)), {
    params: { [constants.BROTLI_PARAM_LGWIN]: 22 },
  });
  const program = unpacker
    .replace("INDEX", () => JSON.stringify(index))
    .replace("PACKED", () => packed.toString("base64"));
  writeFileSync(join(root, "dist/remote/runner.mjs"), program);
}

// What the runner's file begins with: puts its parts into a folder of their own, because a thread's script and the kernels are
// files, and starts. The folder goes with the process. Termux has no /tmp, and a shell of adb no $TMPDIR.
const unpacker = `// Handheld's job runner: JSON lines in, JSON lines out.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliDecompressSync } from "node:zlib";
const index = INDEX;
const bytes = brotliDecompressSync(Buffer.from("PACKED", "base64"));
let folder;
for (const place of [tmpdir(), homedir(), process.cwd()]) {
  try { folder = mkdtempSync(join(place, "handheld-")); break; } catch {}
}
if (!folder) throw new Error("no folder here can be written to; set TMPDIR");
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
writeFileSync(join(folder, "package.json"), '{"type":"module"}');
let at = 0;
for (const [name, length] of index) writeFileSync(join(folder, name), bytes.subarray(at, at += length));
await import(pathToFileURL(join(folder, "runner.js")).href);
`;
