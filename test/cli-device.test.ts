// `handheld device --on …` as a process: the link it prints, several phones in a row, Ctrl-C, and names that are none.
import { spawn } from "node:child_process";
import { afterEach, expect, it } from "vitest";
import { PageClient } from "./support/page-client.ts";

const main = new URL("../src/cli/main.ts", import.meta.url).pathname;
const running = new Set<ReturnType<typeof spawn>>();
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts the program; `link` waits for the n-th link that it prints. */
function handheld(...args: string[]) {
  const child = spawn(process.execPath, [main, "device", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let [out, err] = ["", ""];
  child.stdout.on("data", (piece) => (out += piece));
  child.stderr.on("data", (piece) => (err += piece));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on("close", (code) => {
      running.delete(child);
      resolve({ code, out, err });
    });
  });
  const link = async (n: number): Promise<string> => {
    const links = () => [...new Set(`${out}${err}`.match(/https?:\/\/localhost:\d+\/#[0-9a-f]{32}/g) ?? [])];
    await expect.poll(() => links().length, { timeout: 20_000 }).toBeGreaterThanOrEqual(n);
    return links()[n - 1]!;
  };
  return { ended, link, interrupt: () => child.kill("SIGINT"), text: () => `${out}${err}` };
}

const profile = {
  version: 1,
  date: "2026-01-01T00:00:00.000Z",
  platform: "android",
  arch: "unknown",
  cpuModel: null,
  cores: 8,
  memoryBytes: 8 * 2 ** 30,
  runtime: { name: "chrome", version: "140" },
  backend: "wasm-relaxed",
  simd: "relaxed",
  threads: 1,
  workingSetBytes: 2 ** 28,
  speeds: [{ threads: 1, readGBps: 11, matvecGBps: 9, matvecGmacps: 16, matmulGmacps: 40 }],
};

/** A phone over plain http that answers with the profile. */
async function answer(link: string): Promise<PageClient> {
  const page = new PageClient(link);
  const facts = { userAgent: "Android Chrome/140.0", secure: false, isolated: false, wakeLock: false, cores: 8 };
  expect((await page.join({ page: facts })).status).toBe(200);
  const { body } = await page.commands();
  expect(body.commands).toMatchObject([{ type: "run", job: "probe" }]);
  await page.send([{ type: "result", id: 1, value: { profile } }]);
  return page;
}

it("measures several phones, one after the other, and closes with their profiles and notes", async () => {
  const program = handheld("--on", "phone", "--port", "0", "--phones", "2", "--json");
  for (const n of [1, 2]) {
    const page = await answer(await program.link(n));
    expect((await page.commands()).body.commands).toMatchObject([{ type: "close" }]);
  }
  const { code, out, err } = await program.ended;
  expect(code).toBe(0);
  const { profiles } = JSON.parse(out);
  const notes = [expect.stringMatching(/^one thread: over plain http/), expect.stringMatching(/no Wake Lock/)];
  expect(profiles).toEqual([
    { ...profile, notes },
    { ...profile, notes },
  ]);
  expect(err).toContain("connected: phone (android, chrome 140)");
  expect(err).toMatch(/[▀▄█]{8}/); // the QR code
});

it("ends by Ctrl-C while it waits, and while a phone works, which hears of it", async () => {
  const waiting = handheld("--on", "phone", "--port", "0");
  await waiting.link(1);
  waiting.interrupt();
  expect(await waiting.ended).toMatchObject({ code: 130, err: expect.stringMatching(/stopped/) });
  const working = handheld("--on", "phone", "--port", "0", "--https");
  await expect.poll(working.text, { timeout: 20_000 }).toMatch(/its SHA-256 must be\s+([0-9A-F]{2}:){31}[0-9A-F]{2}/);
  working.interrupt();
  expect((await working.ended).code).toBe(130);
  const busy = handheld("--on", "phone", "--port", "0");
  const page = new PageClient(await busy.link(1));
  await page.join();
  expect((await page.commands()).body.commands).toMatchObject([{ type: "run" }]);
  busy.interrupt();
  expect((await page.commands()).body.commands).toMatchObject([{ type: "abort", id: 1 }]);
  await page.send([{ type: "error", id: 1, error: { code: "aborted", message: "stopped" } }]);
  expect((await page.commands()).body.commands).toMatchObject([{ type: "close" }]);
  expect((await busy.ended).code).toBe(130);
});

it.each([
  ["fone", /^error: fone: there is no such device; local, phone, ssh:user@host, adb are; did you mean "phone"\?$/],
  ["ssh:", /^error: ssh:: it must be ssh:user@host/],
  ["ssh:-oProxyCommand=evil@x", /^error: ssh:/],
  ["ssh:me@127.0.0.1:1", /^error: ssh:me@127\.0\.0\.1:1: cannot connect: /],
])("says in one line what is wrong with --on %s", async (name, message) => {
  const { code, out, err } = await handheld("--on", name).ended;
  expect([code, out]).toEqual([1, ""]);
  expect(err.trimEnd()).toMatch(message);
});
