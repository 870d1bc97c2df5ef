// Pulls that are stopped, killed, doubled, or run out of disk: nothing breaks, and the next pull fetches only the rest.
import { spawn, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { partialPath } from "./blob.ts";
import { modelFiles, rangeOf, repo, startHub, type TestHub } from "./hub-server.case.ts";
import { pullModel } from "./pull.ts";

const weights = "model.safetensors";
const sizeBytes = 30_000_000;
const main = new URL("../cli/main.ts", import.meta.url).pathname;

function handheld(hub: TestHub, ...args: string[]) {
  const env = { ...process.env, ...hub.env };
  const child = spawn(process.execPath, [main, "pull", repo, "--json", ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, out, err })),
  );
  return { child, ended };
}

const blobOf = (hub: TestHub) =>
  join(
    hub.options.cacheDir,
    "models--tester--tiny-model",
    "blobs",
    hub.entries.find(({ path }) => path === weights)!.lfs!.oid,
  );

/** Sends a first part of the weights, and the rest when `gate` opens. */
function holdBack(hub: TestHub, firstBytes: number): { open: () => void; bodies: () => number } {
  const gate = Promise.withResolvers<void>();
  let bodies = 0;
  hub.mischief = async ({ server, range }, response, content) => {
    if (server !== "content") return false;
    bodies += 1;
    const [begin, end] = rangeOf(range, content!.byteLength);
    const contentRange = `bytes ${begin}-${end - 1}/${content!.byteLength}`;
    response.writeHead(range === null ? 200 : 206, { "content-length": end - begin, "content-range": contentRange });
    response.write(content!.subarray(begin, begin + firstBytes));
    await gate.promise;
    response.end(content!.subarray(begin + firstBytes, end));
    return true;
  };
  return { open: () => gate.resolve(), bodies: () => bodies };
}

/** Bytes of the partial file once there are so many. */
async function partialOf(hub: TestHub, leastBytes: number): Promise<number> {
  const bytes = () => statSync(partialPath(blobOf(hub)), { throwIfNoEntry: false })?.size ?? -1;
  await until(() => bytes() >= leastBytes);
  return bytes();
}

async function until(reached: () => boolean): Promise<void> {
  for (const end = performance.now() + 30_000; !reached(); await sleep(5)) {
    if (performance.now() > end) throw new Error("it does not come to that");
  }
}

async function expectRest(hub: TestHub, presentBytes: number) {
  hub.mischief = () => false;
  const before = hub.requests.length;
  const model = await pullModel(repo, hub.options);
  expect(model.receivedBytes).toBeLessThanOrEqual(sizeBytes - presentBytes + 24);
  const ranges = hub.requests.slice(before).flatMap(({ server, range }) => (server === "content" ? [range] : []));
  expect(ranges).toEqual([`bytes=${presentBytes}-${sizeBytes - 1}`]);
  expect(readFileSync(join(model.dir, weights)).equals(hub.content(weights))).toBe(true);
}

describe("a pull that is", () => {
  it("killed: the next one fetches only the rest", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    holdBack(hub, 20_000_000);
    const { child, ended } = handheld(hub);
    await partialOf(hub, 16_000_000);
    child.kill("SIGKILL");
    await ended;
    await expectRest(hub, await partialOf(hub, 0));
  });

  it("stopped with Ctrl-C: it ends in order with 130, and the next one fetches only the rest", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    holdBack(hub, 20_000_000);
    const { child, ended } = handheld(hub);
    await partialOf(hub, 16_000_000);
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 130, out: "", err: expect.stringContaining("stopped") });
    await expectRest(hub, await partialOf(hub, 0));
  });

  it("aborted by its signal: at once, also while it waits", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    holdBack(hub, 20_000_000);
    const signal = AbortSignal.timeout(300);
    await expect(pullModel(repo, { ...hub.options, signal, patience: {} })).rejects.toMatchObject({ code: "aborted" });
    hub.mischief = (_, response) => Boolean(response.writeHead(503, { "retry-after": "30" }).end());
    const waiting = pullModel(repo, { ...hub.options, signal: AbortSignal.timeout(50), patience: {} });
    await expect(waiting).rejects.toMatchObject({ code: "aborted" });
    const before = pullModel(repo, { ...hub.options, signal: AbortSignal.abort() });
    await expect(before).rejects.toMatchObject({ code: "aborted" });
  });

  it("made twice at once, in two processes: the bytes come once", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    const { open, bodies } = holdBack(hub, 1_000_000);
    const first = handheld(hub);
    await until(() => bodies() > 0);
    const second = handheld(hub);
    let err = "";
    second.child.stderr!.on("data", (chunk) => (err += chunk));
    await until(() => err.includes("another process is pulling this model"));
    open();
    const [one, two] = await Promise.all([first.ended, second.ended]);
    expect([one.code, two.code]).toEqual([0, 0]);
    const [a, b] = [one, two].map(({ out }) => JSON.parse(out));
    expect(a.dir).toBe(b.dir);
    expect([a.receivedBytes, b.receivedBytes]).toEqual([sizeBytes + 24, 0]);
    expect(bodies()).toBe(1);
  });

  it("made twice at once, in one process: the bytes come once", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    const pulls = await Promise.all([pullModel(repo, hub.options), pullModel(repo, hub.options)]);
    expect(pulls.map(({ receivedBytes }) => receivedBytes).sort((a, b) => a - b)).toEqual([0, sizeBytes + 24]);
  });

  it("made while a lock stands that nobody touches: it takes over", async () => {
    const hub = await startHub();
    const { cacheDir, lockTimes } = hub.options;
    const folder = join(cacheDir, ".locks", "models--tester--tiny-model");
    mkdirSync(folder, { recursive: true });
    const elsewhere = JSON.stringify({ pid: 1, host: "another-machine", token: "x" });
    writeFileSync(join(folder, "handheld.lock"), elsewhere);
    const started = performance.now();
    await pullModel(repo, hub.options);
    expect(performance.now() - started).toBeGreaterThanOrEqual(lockTimes!.abandonedMs);
    expect(readdirSync(folder)).toEqual([]);
  });
});

const tmpfs = mountTmpfs();
afterAll(() => {
  if (tmpfs === null) return;
  spawnSync("umount", ["-l", tmpfs]);
  rmSync(tmpfs, { recursive: true });
});

describe.skipIf(tmpfs === null)("a disk that is full (needs root on Linux, to mount a small one)", () => {
  it("is seen before anything is fetched", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    const options = { ...hub.options, cacheDir: join(tmpfs!, "before") };
    await expect(pullModel(repo, options)).rejects.toMatchObject({
      reason: "space",
      message: /30 MB are needed and .* free; make room/,
    });
    expect(hub.downloads()).toEqual([]);
  });

  it("in the middle ends the pull; with room again the next one fetches only the rest", async () => {
    const bytes = 8_000_000;
    const hub = await startHub(modelFiles(bytes));
    const { open } = holdBack(hub, 5_000_000);
    hub.options.cacheDir = join(tmpfs!, "within");
    const failed = pullModel(repo, { ...hub.options, patience: {} }).catch((error) => error);
    await partialOf(hub, 4_000_000);
    const ballast = join(tmpfs!, "ballast");
    const { bavail, bsize } = statfsSync(tmpfs!);
    writeFileSync(ballast, Buffer.alloc(bavail * bsize - 100_000));
    open();
    expect(await failed).toMatchObject({
      reason: "space",
      code: "io",
      message: /no space left on the disk; free some/,
    });
    rmSync(ballast);
    hub.mischief = () => false;
    const { dir, receivedBytes } = await pullModel(repo, hub.options);
    expect(receivedBytes).toBeLessThan(4_000_000);
    expect(readFileSync(join(dir, weights)).equals(hub.content(weights))).toBe(true);
  });
});

/** A file system of 16 MB; null where none can be mounted. */
function mountTmpfs(): string | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return null;
  const folder = mkdtempSync(join(tmpdir(), "handheld-tmpfs-"));
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", folder]);
  if (status !== 0) {
    rmSync(folder, { recursive: true });
    return null;
  }
  return folder;
}
