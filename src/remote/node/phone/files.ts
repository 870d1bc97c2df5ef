// The files of the phone's page: the bundle in dist (scripts/bundle-remote.js) and the kernels beside it. Nothing else on the
// disk can be asked for.
import { readFile } from "node:fs/promises";
import { HandheldError } from "../../../errors.ts";

// Sources run as they are, too; what is bundled must be built then.
const here = import.meta.url.replace(/\/src\/remote\/node\/phone\/[^/]*\.ts$/, "/dist/remote/node/phone/");
const from = (path: string) => new URL(path, here);

const types = { html: "text/html; charset=utf-8", css: "text/css", js: "text/javascript", wasm: "application/wasm" };

const files: Record<string, URL> = {
  "/": from("../../page/index.html"),
  "/style.css": from("../../page/style.css"),
  "/page.js": from("../../page/page.js"),
  "/job-worker.js": from("../../page/job-worker.js"),
  "/worker.js": from("../../../browser/worker.js"),
  "/handheld-relaxed.wasm": from("../../../browser/handheld-relaxed.wasm"),
  "/handheld-relaxed-threads.wasm": from("../../../browser/handheld-relaxed-threads.wasm"),
  "/handheld-simd128.wasm": from("../../../browser/handheld-simd128.wasm"),
  "/handheld-simd128-threads.wasm": from("../../../browser/handheld-simd128-threads.wasm"),
};

/** A file of the page, or null where there is none of that path. @throws HandheldError `io` when it was not built */
export async function pageFile(path: string): Promise<{ type: string; body: Buffer } | null> {
  const url = Object.hasOwn(files, path) ? files[path]! : null;
  if (url === null) return null;
  const extension = url.pathname.slice(url.pathname.lastIndexOf(".") + 1) as keyof typeof types;
  try {
    return { type: types[extension], body: await readFile(url) };
  } catch (cause) {
    throw new HandheldError("io", `cannot read ${url.pathname}; run "npm run build"`, { cause });
  }
}
