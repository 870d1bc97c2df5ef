// How fast a pull is: from a local server in a process of its own, hashes checked, into a fresh cache each time.
//
//   node bench/hub.ts [--gigabytes 3] [--shards 1] [--rounds 5] [--connections 1,4] [--dir <folder>] [--limit <MB/s>] [--json]
//
// The server sends one random block over and over from memory. --limit holds each of its connections to a rate, as content
// servers do. A folder in memory (/dev/shm) leaves the disk out. Rounds of the connection counts take turns.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { pullModel } from "../src/hub/index.ts";

const { values: options } = parseArgs({
  options: {
    gigabytes: { type: "string", default: "3" },
    shards: { type: "string", default: "1" },
    rounds: { type: "string", default: "5" },
    connections: { type: "string", default: "1,4" },
    dir: { type: "string", default: tmpdir() },
    limit: { type: "string", default: "Infinity" },
    json: { type: "boolean", default: false },
    /** Internal: be the server. */
    serve: { type: "boolean", default: false },
  },
});

const repo = "bench/model";
const commit = "0".repeat(40);
const blockBytes = 4 << 20;
const shards = Number(options.shards);
// Each shard is a block longer than the one before: the same content would be fetched once.
const blocks = Math.ceil((1e9 * Number(options.gigabytes)) / shards / blockBytes);
const shardBytes = Array.from({ length: shards }, (_, i) => (blocks + i) * blockBytes);
const totalBytes = shardBytes.reduce((sum, bytes) => sum + bytes, 0);

if (options.serve) await serve();
else await measure();

async function measure(): Promise<void> {
  const server = spawn(process.execPath, [...process.argv.slice(1), "--serve"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const endpoint = await new Promise<string>((resolve) =>
      server.stdout.once("data", (line) => resolve(String(line).trim())),
    );
    const counts = options.connections.split(",").map(Number);
    const speeds = new Map<number, Speed[]>(counts.map((count) => [count, []]));
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const count of counts) speeds.get(count)!.push(await pullOnce(endpoint, count));
    }
    report(speeds);
  } finally {
    server.kill();
  }
}

interface Speed {
  MBps: number;
  /** Busy processors of this process meanwhile; on a machine with other work that tells more than the time. */
  cpus: number;
}

/** One pull, from the listing to the last link. */
async function pullOnce(endpoint: string, connections: number): Promise<Speed> {
  const cacheDir = mkdtempSync(join(options.dir, "handheld-bench-hub-"));
  try {
    const started = performance.now();
    const before = process.cpuUsage();
    const { receivedBytes } = await pullModel(repo, { endpoint, cacheDir, token: "", offline: false, connections });
    const ms = performance.now() - started;
    const { user, system } = process.cpuUsage(before);
    return { MBps: receivedBytes / 1000 / ms, cpus: (user + system) / 1000 / ms };
  } finally {
    rmSync(cacheDir, { recursive: true });
  }
}

function report(speeds: Map<number, Speed[]>): void {
  const rows = [...speeds].map(([connections, all]) => {
    const sorted = all.toSorted((a, b) => a.MBps - b.MBps);
    const best = sorted.at(-1)!;
    return {
      connections,
      rounds: all.length,
      bestMBps: best.MBps,
      bestCpus: best.cpus,
      medianMBps: sorted[sorted.length >> 1]!.MBps,
      slowestMBps: sorted[0]!.MBps,
      MBperCpuSecond: best.MBps / best.cpus,
    };
  });
  const peakRssMB = Math.round(process.resourceUsage().maxRSS / 1024);
  const device = `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.versions.node}`;
  const about = { device, gigabytes: totalBytes / 1e9, shards, dir: options.dir, limitMBps: options.limit, peakRssMB };
  if (options.json) console.log(JSON.stringify({ ...about, rows }));
  else {
    console.log(about);
    console.table(
      rows.map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, Number(v.toPrecision(3))]))),
    );
  }
}

async function serve(): Promise<void> {
  const block = randomBytes(blockBytes);
  const hash = createHash("sha256");
  for (let i = 0; i < blocks; i++) hash.update(block);
  const oid = createHash("sha1").update("blob 2\0{}").digest("hex");
  const config = { type: "file", path: "config.json", size: 2, oid };
  const weights = shardBytes.map((size, i) => {
    const lfs = { oid: hash.copy().digest("hex"), size, pointerSize: 134 };
    hash.update(block);
    return { type: "file", path: `weights-${i}.safetensors`, size, oid, lfs };
  });
  const server = createServer((request, response) => {
    const path = new URL(request.url!, "http://localhost").pathname;
    if (path.includes("/revision/")) response.end(JSON.stringify({ sha: commit, id: repo }));
    else if (path.includes("/tree/")) response.end(JSON.stringify([config, ...weights]));
    else if (path.endsWith("config.json")) response.end("{}");
    else void sendBlocks(request, response, block, shardBytes[Number(/weights-(\d+)/.exec(path)![1])]!);
  });
  server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
}

async function sendBlocks(request: IncomingMessage, response: ServerResponse, block: Buffer, size: number) {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? `bytes=0-${size - 1}`)!;
  const [begin, end] = [Number(first), Number(last) + 1];
  const range = { "content-range": `bytes ${begin}-${end - 1}/${size}` };
  response.writeHead(request.headers.range ? 206 : 200, { "content-length": end - begin, ...range });
  const closed = once(response, "close");
  const perMs = 1000 * Number(options.limit);
  const step = Math.min(blockBytes, Math.max(1 << 16, 20 * perMs));
  const started = performance.now();
  for (let at = begin; at < end && !response.destroyed; ) {
    const offset = at % blockBytes;
    const part = block.subarray(offset, Math.min(blockBytes, offset + step, offset + end - at));
    at += part.byteLength;
    if (!response.write(part)) await Promise.race([once(response, "drain"), closed]);
    const dueMs = (at - begin) / perMs - (performance.now() - started);
    if (dueMs > 1) await sleep(dueMs);
  }
  response.end();
}
