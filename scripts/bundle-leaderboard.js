// Bundles the script of the leaderboard's pages into dist/leaderboard/page: a classic script, since modules do not load from
// file: addresses.
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

/** Bundles from `root`/src/leaderboard/page into `root`/dist/leaderboard/page. */
export async function bundleLeaderboard(root) {
  const [source, out] = [join(root, "src/leaderboard/page"), join(root, "dist/leaderboard/page")];
  mkdirSync(out, { recursive: true });
  await build({
    entryPoints: { page: join(source, "main.ts") },
    absWorkingDir: root,
    outdir: out,
    bundle: true,
    format: "iife",
    platform: "browser",
    target: "es2022",
    minify: true,
    legalComments: "none",
    logLevel: "warning",
  });
  copyFileSync(join(source, "style.css"), join(out, "style.css"));
}
