// Makes dist/browser self-contained: the engine that runs in a Web Worker and the kernels' worker threads, each bundled
// with all it imports, beside the kernel modules. So a page needs no bundler, and every bundler can take them as files.
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

// Code for files on disk and for Node's threads is imported when it runs, which it never does in a browser.
export const withoutNode = {
  name: "without-node",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: "node" }));
    onLoad({ filter: /.*/, namespace: "node" }, ({ path }) => ({
      contents: `throw new Error("${path} is not there in a browser");`,
    }));
  },
};

/** Bundles from `root`/src into `root`/dist/browser. */
export async function bundleBrowser(root) {
  const out = join(root, "dist/browser");
  const { metafile } = await build({
    entryPoints: { engine: join(root, "src/browser/engine.ts"), worker: join(root, "src/kernels/wasm/worker.ts") },
    absWorkingDir: root,
    outdir: out,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    metafile: true,
    logLevel: "warning",
    plugins: [withoutNode],
  });
  const kernels = join(root, "dist/kernels/wasm");
  for (const file of readdirSync(kernels)) {
    if (file.endsWith(".wasm")) copyFileSync(join(kernels, file), join(out, file));
  }
  writeFileSync(join(out, "LICENSES.txt"), licences(root, Object.keys(metafile.inputs)));
}

// The licences of the packages that became part of the bundle.
export function licences(root, inputs, file = "engine.js") {
  const packages = inputs.flatMap((path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? []);
  const texts = [...new Set(packages)].sort().map((path) => {
    const folder = join(root, path);
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = ["LICENSE", "LICENSE.md", "LICENSE.txt", "license"].map((x) => join(folder, x)).find(existsSync);
    return `${name} ${version} (${license})\n\n${file ? readFileSync(file, "utf8").trim() : ""}\n`;
  });
  return `Packages contained in ${file}, with their licences.\n\n${texts.join("\n---\n\n")}`;
}
