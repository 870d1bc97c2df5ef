// `handheld eval --cost --device phone` as a process: tasks are scored here, the cost is the phone's, both are one record; what
// the phone has measured is kept until that record is written.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, expect, it } from "vitest";
import { sampleRecord } from "../src/results/record.case.ts";
import { readRecords } from "../src/results/store.ts";
import { handheld, resultOf } from "./support/cli.ts";
import { PageClient } from "./support/page-client.ts";

const main = new URL("../src/cli/main.ts", import.meta.url).pathname;
const model = fileURLToPath(new URL("parity/fixtures/lm-eval/model", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "handheld-eval-device-"));
let child: ReturnType<typeof spawn> | undefined;
afterEach(() => child?.kill("SIGKILL"));
afterAll(() => rmSync(folder, { recursive: true }));

const rows = Array.from({ length: 20 }, (_, i) => ({
  goal: `to hold ${i}`,
  sol1: "a hand",
  sol2: "a stone",
  label: i % 2,
}));
mkdirSync(join(folder, "data"));
writeFileSync(join(folder, "data", "validation.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));

const words = (results: string) => [
  ...["eval", model, "--tasks", "piqa", "--data", join(folder, "data"), "--work", join(folder, "work"), "--json"],
  ...["--cost", "--device", "phone", "--port", "0", "--prompts", "64", "--results", results],
];
const { cost } = sampleRecord();
const facts = {
  ...{ platform: "android", arch: "arm64", cpuModel: null, cores: 8, memoryBytes: 8 * 2 ** 30 },
  runtime: { name: "chrome", version: "140.0" },
};

it("makes one record of both; a phone that has answered is not asked again", { timeout: 120_000 }, async () => {
  const taken = join(folder, "taken");
  writeFileSync(taken, "where the results folder should be");
  child = spawn(process.execPath, [main, ...words(taken), "--threads", "1"], { stdio: ["ignore", "pipe", "pipe"] });
  let err = "";
  child.stderr!.on("data", (piece) => (err += piece));
  const ended = new Promise((resolve) => child!.on("close", resolve));
  const link = () => /http:\/\/localhost:\d+\/#[0-9a-f]{32}/.exec(err)?.[0] ?? "";
  await expect.poll(link, { timeout: 30_000 }).not.toBe("");
  const page = new PageClient(link());
  await page.join();
  expect((await page.commands()).body.commands).toMatchObject([
    { type: "run", job: "cost", params: { prompts: [64] } },
  ]);
  await page.send([{ type: "result", id: 1, value: { cost, facts } }]);
  expect(await ended).toBe(1);
  expect(err).toMatch(/piqa +1 +0 +acc .*\n[\s\S]*error: cannot .*taken.*: a part of the path is a file/);

  const results = join(folder, "results");
  const again = await handheld(words(results));
  expect(again).toMatchObject({ code: 0, err: expect.stringMatching(/cost +of the interrupted run, on phone/) });
  const { records } = await readRecords(results);
  expect(records).toEqual([resultOf(again).record]);
  expect(records[0]).toMatchObject({ cost, tasks: [{ name: "piqa", n: 20 }] });
  expect(records[0]!.device).toEqual({ name: "phone (android, chrome 140)", transport: "phone", ...facts });
  expect(records[0]!.notes).toContainEqual(
    expect.stringMatching(/scored on another machine .* only the cost is phone/),
  );
  expect(readdirSync(join(folder, "work")).filter((name) => name.startsWith("cost-"))).toEqual([]);
});
