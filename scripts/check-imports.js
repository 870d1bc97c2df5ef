// The import-direction rule: a folder of src may import from itself and from folders earlier in the pipeline.
// Prints each offending import as file:line and exits 1. Tests and contract cases may use whatever they need.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

// Earlier first. Files directly in src (errors.ts, io.ts …) come before all folders and use only each other.
const pipeline = [
  "spec",
  "quant",
  "tokenizer",
  "kernels",
  "devices",
  "tensor",
  "model",
  "gguf",
  "catalogue",
  "hub",
  "functions",
  "generate",
  "browser",
  "train",
  "search",
  "eval",
  "cost",
  "remote",
  "results",
  "report",
  "leaderboard",
  "create",
  "serve",
  "cli",
];

// In remote, the page's side and Node's share the files beside these folders and nothing else; index.ts is Node's.
const apart = [
  { inside: "remote/page/", from: (path) => !path.startsWith("remote/page/"), reason: "which only a page runs" },
  {
    inside: "remote/node/",
    from: (path) => path.startsWith("remote/") && !path.startsWith("remote/node/") && path !== "remote/index.ts",
    reason: "which only Node runs",
  },
];

const root = fileURLToPath(new URL("..", import.meta.url));
const source = process.argv[2] ?? join(root, "src");
// Static imports and exports, side-effect imports, dynamic imports, on one line or after a list that ends on this one.
const importPattern = /(?:\bfrom\s*|\bimport\s*\(?\s*)["'](\.{1,2}\/[^"']+)["']/g;

const files = readdirSync(source, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.[cm]?[jt]sx?$/.test(entry.name) && !/\.(test|case)\.ts$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))
  .sort();
const findings = files.flatMap(check);
for (const finding of findings) console.error(finding);
if (findings.length > 0) {
  console.error(
    `${findings.length} import${findings.length === 1 ? "" : "s"} against the pipeline: ${pipeline.join(" → ")}`,
  );
  process.exit(1);
}
console.log(`imports: ${files.length} files, all point down the pipeline`);

function check(file) {
  const from = place(file);
  if (from === "index.ts") return []; // the package's front door shows everything
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.flatMap((line, i) => {
    if (/^\s*(\/\/|\*|\/\*)/.test(line)) return [];
    const targets = [...line.matchAll(importPattern)].map(([, path]) => normalize(join(dirname(file), path)));
    return targets.flatMap((target) => {
      const reason = objection(from, place(target)) ?? mixture(relative(source, file), relative(source, target));
      return reason === null ? [] : [`${relative(root, file)}:${i + 1}: ${reason}`];
    });
  });
}

// Node's side imported by a page's, or the other way round; null where that is not so.
function mixture(file, target) {
  const [from, to] = [file, target].map((path) => path.split(sep).join("/"));
  const offended = apart.find((rule) => to.startsWith(rule.inside) && rule.from(from));
  return offended === undefined ? null : `${from} imports ${to}, ${offended.reason}`;
}

// The folder of src that a path is in, or the file's name where it is directly in src; null outside src.
function place(path) {
  const inside = relative(source, path);
  return inside.startsWith("..") ? null : inside.split(sep)[0];
}

function objection(from, to) {
  if (to === null) return "imports from outside src; move what is shared into src";
  if (from === to || rank(to) === 0) return null;
  for (const folder of [from, to]) {
    if (rank(folder) === -1)
      return `folder ${folder} has no place in the pipeline; give it one in scripts/check-imports.js`;
  }
  if (to === "index.ts") return `${from} imports index.ts, which shows everything; import the module itself`;
  return rank(to) < rank(from) ? null : `${from} imports ${to}, which comes after it`;
}

// 0 for files directly in src, then 1, 2, … along the pipeline; -1 for unknown folders.
function rank(name) {
  if (/\.[cm]?[jt]sx?$/.test(name)) return name === "index.ts" ? pipeline.length + 1 : 0;
  const at = pipeline.indexOf(name);
  return at === -1 ? -1 : at + 1;
}
