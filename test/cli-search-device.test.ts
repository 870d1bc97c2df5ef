// `handheld search --device phone` as a process: the phone calibrates and verifies, the search is done here; a phone that goes
// away after its calibration leaves what was found.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, it } from "vitest";
import { syntheticProfile } from "../src/search/latency/synthetic.case.ts";
import { PageClient } from "./support/page-client.ts";

const main = new URL("../src/cli/main.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "handheld-search-device-"));
let child: ReturnType<typeof spawn>;
afterEach(() => child.kill("SIGKILL"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts a search for a phone, which joins; resolves with the page and the end of the program. */
async function search(saved: string) {
  const words = ["search", "--params", "125M", "--space", "mobilellm", "--verify", "2", "--save-profile", saved];
  child = spawn(process.execPath, [main, ...words, "--device", "phone", "--port", "0", "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout!.on("data", (piece) => (out += piece));
  child.stderr!.on("data", (piece) => (err += piece));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, out, err }));
  });
  const link = () => /http:\/\/localhost:\d+\/#[0-9a-f]{32}/.exec(err)?.[0] ?? "";
  await expect.poll(link, { timeout: 30_000 }).not.toBe("");
  const page = new PageClient(link());
  await page.join();
  expect((await page.commands()).body.commands).toMatchObject([
    { type: "run", job: "calibrate", params: { acceptUnsteady: false } },
  ]);
  await page.send([{ type: "progress", id: 1, done: 50, total: 100, note: "operations" }]);
  await page.send([{ type: "result", id: 1, value: { profile: syntheticProfile() } }]);
  const { body } = await page.commands();
  expect(body.commands).toMatchObject([{ type: "run", id: 2, job: "verify" }]);
  return { page, ended, specs: body.commands[0].params.specs as { layers: number }[] };
}

const paces = { prefillPace: 1, decodePace: 1 };

it("finds shapes by the phone's profile, and shows what the phone measured of them", async () => {
  const saved = join(folder, "phone.json");
  const { page, ended, specs } = await search(saved);
  expect(specs.length).toBeGreaterThanOrEqual(2);
  const turns = [0, 1, 2].flatMap((round) =>
    specs.map((_, model) => ({ model, round, prefill: 100 + model, decode: 10 + model, ...paces, off: 0.01 })),
  );
  await page.send([{ type: "result", id: 2, value: { turns } }]);
  const { code, out, err } = await ended;
  expect([code, err]).toEqual([0, expect.stringContaining("connected: phone (android, chrome 140)")]);
  const finding = JSON.parse(out);
  expect(finding.device.name).toMatch(/^phone \(android, chrome 140\): /);
  expect(JSON.stringify(finding.verified)).toContain('"tokensPerSecond":10');
  expect(JSON.parse(readFileSync(saved, "utf8"))).toEqual(syntheticProfile());
}, 120_000);

it("says that a phone which fails could not measure them to the end, and keeps what was found and measured", async () => {
  const saved = join(folder, "lost.json");
  const { page, ended } = await search(saved);
  const turn = { round: 0, prefill: 100, decode: 10, ...paces, off: 0 };
  await page.send([
    { type: "part", id: 2, value: { model: 0, ...turn } },
    { type: "part", id: 2, value: { model: 0, ...turn, round: 1, decode: 12 } },
    { type: "result", id: 2, value: { turns: "all fast" } },
  ]);
  const { code, out, err } = await ended;
  expect(code).toBe(0);
  expect(err).toMatch(
    /warning: the best shapes could not be measured to the end: phone .*: result of the job verify: turns.*; 2 turns of 1 shape are kept/,
  );
  const { verified } = JSON.parse(out);
  expect(verified).toHaveLength(1);
  expect(verified[0].decode).toMatchObject({ tokensPerSecond: 11, rounds: [10, 12] });
  expect(JSON.parse(readFileSync(saved, "utf8"))).toEqual(syntheticProfile());
}, 120_000);
