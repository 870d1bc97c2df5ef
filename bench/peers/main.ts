// npm run bench:peers: Handheld and other engines side by side, the same shapes on the same machine. See README.md.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { machineFacts } from "../../src/devices/machine.ts";
import { defaultWorkingSet, measureSpeeds } from "../../src/devices/probe.ts";
import { HandheldError } from "../../src/errors.ts";
import { writeFileAtomic } from "../../src/io.ts";
import { createBackend } from "../../src/kernels/index.ts";
import { help, type PeerOptions, readOptions } from "./options.ts";
import { renderPlot } from "./plot.ts";
import type { Results } from "./results.ts";
import { compareInRounds } from "./rounds.ts";
import { browserVersion } from "./run.ts";
import { renderMarkdown } from "./table.ts";
import { prepareFile } from "./weights/files.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), {
    models: join(tmpdir(), "handheld-peers"),
    out: join(here, "results"),
    quickOut: join(root, "runs/peers-quick"),
  });
  if (options === null) return void process.stdout.write(help);
  installPeers(options);
  await prepareFiles(options);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const results = await startResults(options);
  const write = (text: string) => void process.stdout.write(text);
  for await (const _round of compareInRounds(options, results, () => readBandwidth(options), stop.signal, write)) {
    await writeResults(options.out, results); // after every round: what is interrupted keeps what it has
  }
  if (results.runs.length === 0) return;
  console.log(`\n${renderMarkdown(results)}`);
  console.log(`results.json, results.md and results.svg are in ${options.out}`);
  if (stop.signal.aborted) process.exitCode = 130;
}

// npm install, not npm ci: a lock file made on one platform may lack the optional binaries of another.
function installPeers({ engines }: PeerOptions): void {
  if (engines.every(({ role }) => role === "ours") || existsSync(join(here, "node_modules/node-llama-cpp"))) return;
  console.log("Installing the peers into bench/peers/node_modules (about 570 MB) …");
  const npm = spawnSync("npm", ["install", "--no-save", "--no-audit", "--no-fund"], { cwd: here, stdio: "inherit" });
  if (npm.status !== 0)
    throw new HandheldError("io", "the peers could not be installed; run npm install in bench/peers");
}

async function prepareFiles({ shapes, engines, models }: PeerOptions): Promise<void> {
  const files = new Set(engines.flatMap(({ file }) => file ?? []));
  for (const shape of shapes) {
    for (const file of files)
      await prepareFile(models, shape, file, (name) => console.log(`Writing ${models}/${name} …`));
  }
}

async function startResults({ engines, threads, rounds, measure }: PeerOptions): Promise<Results> {
  const { cpuModel, cores, memoryBytes, platform, arch } = await machineFacts();
  const versions: Record<string, string> = { node: process.versions.node };
  for (const { package: name } of engines) versions[name] ??= await packageVersion(name);
  const browser = engines.some(({ place }) => place === "chromium") ? await browserVersion() : null;
  if (browser !== null) versions.Chromium = browser;
  return {
    version: 1,
    date: new Date().toISOString(),
    commit: commit(),
    device: { cpuModel, cores, memoryBytes, platform, arch },
    versions,
    threads,
    rounds,
    options: measure,
    bandwidthGBps: [],
    runs: [],
  };
}

async function packageVersion(name: string): Promise<string> {
  const folder = name === "handheld" ? root : join(here, "node_modules", name);
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8")).version;
}

function commit(): string {
  try {
    const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
    const changed = git("status", "--porcelain", "--untracked-files=no", "src") !== "";
    return `${git("rev-parse", "--short", "HEAD")}${changed ? " with changes" : ""}`;
  } catch {
    return "unknown";
  }
}

async function readBandwidth({ threads }: PeerOptions): Promise<number> {
  const backend = await createBackend({ threads });
  try {
    const { memoryBytes } = await machineFacts();
    const { readGBps } = measureSpeeds(backend, defaultWorkingSet(backend, memoryBytes));
    return readGBps;
  } finally {
    await backend.close();
  }
}

async function writeResults(folder: string, results: Results): Promise<void> {
  await writeFileAtomic(join(folder, "results.json"), `${JSON.stringify(results, null, 1)}\n`);
  await writeFileAtomic(join(folder, "results.md"), renderMarkdown(results));
  await writeFileAtomic(join(folder, "results.svg"), renderPlot(results));
}

try {
  await main();
} catch (error) {
  if (!(error instanceof HandheldError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
