// Builds dist: the WASM kernels (relaxed-SIMD and SIMD128, shared and unshared memory), the TypeScript, the bundles
// for browsers and for other machines.
// Each part is skipped when its inputs are older than its output, so `npm start` stays quick.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundleBrowser } from "./bundle-browser.js";
import { bundleLeaderboard } from "./bundle-leaderboard.js";
import { bundleRemote } from "./bundle-remote.js";

const root = new URL("..", import.meta.url).pathname;
const force = process.argv.includes("--force");

function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) time = Math.max(time, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  }
  return time;
}

function run(command, args) {
  const result = spawnSync(join(root, "node_modules/.bin", command), args, { cwd: root, stdio: "inherit" });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

function upToDate(stamp, ...inputs) {
  return !force && existsSync(stamp) && statSync(stamp).mtimeMs > Math.max(...inputs);
}

const scriptTime = statSync(join(root, "scripts/build.js")).mtimeMs;
const assembly = join(root, "src/kernels/wasm/assembly");
const wasmStamp = join(root, "dist/.wasm-built");
mkdirSync(join(root, "dist/kernels/wasm"), { recursive: true });
if (!upToDate(wasmStamp, newest(assembly), scriptTime)) {
  for (const simd of ["relaxed", "simd128"]) {
    for (const shared of [true, false]) {
      run("asc", [
        "src/kernels/wasm/assembly/index.ts",
        "--outFile",
        `dist/kernels/wasm/handheld-${simd}${shared ? "-threads" : ""}.wasm`,
        "--config",
        "none",
        "-O2", // -O3 gives every assignment a variable of its own, and then moves it to where registers run out
        "--noAssert",
        "--runtime",
        "stub",
        "--importMemory",
        "--initialMemory",
        "1",
        "--maximumMemory",
        "65536",
        "--memoryBase",
        "1024",
        "--use",
        `RELAXED=${simd === "relaxed" ? 1 : 0}`,
        "--use",
        `SHARED=${shared ? 1 : 0}`,
        "--enable",
        "simd",
        ...(simd === "relaxed" ? ["--enable", "relaxed-simd"] : []),
        ...(shared ? ["--enable", "threads", "--sharedMemory"] : []),
      ]);
    }
  }
  writeFileSync(wasmStamp, "");
}

const tsStamp = join(root, "dist/.ts-built");
if (!upToDate(tsStamp, newest(join(root, "src")), scriptTime, statSync(join(root, "tsconfig.json")).mtimeMs)) {
  run("tsc", ["-p", "tsconfig.build.json"]);
  writeFileSync(tsStamp, "");
}

const browserStamp = join(root, "dist/.browser-built");
const bundlerTime = Math.max(
  ...["bundle-browser.js", "bundle-remote.js", "bundle-leaderboard.js"].map(
    (name) => statSync(join(root, "scripts", name)).mtimeMs,
  ),
);
if (!upToDate(browserStamp, statSync(wasmStamp).mtimeMs, statSync(tsStamp).mtimeMs, bundlerTime)) {
  await bundleBrowser(root);
  await bundleRemote(root);
  await bundleLeaderboard(root);
  writeFileSync(browserStamp, "");
}
