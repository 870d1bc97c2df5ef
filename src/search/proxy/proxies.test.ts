// Proxies: they stand for their targets, the better half goes on, a killed run ends as one that was never stopped.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../kernels/backend.ts";
import { createBackend } from "../../kernels/index.ts";
import { preset, presetNames } from "../../spec/presets.ts";
import { aspect, blockWeights } from "../quality/features.ts";
import { createQualityModel } from "../quality/model.ts";
import { publishedObservations } from "../quality/observations.ts";
import { countSteps, nextTurnOf, type ProxyState } from "./plan.ts";
import { type ProxyOptions, proxyObservations, trainProxies } from "./proxies.ts";
import { sampleTargets, sampleText, tinySizes } from "./sample.case.ts";
import { proxyOf } from "./scale.ts";
import { createTextTask } from "./text-task.ts";

const root = mkdtempSync(join(tmpdir(), "handheld-proxies-"));
afterAll(() => rmSync(root, { recursive: true }));

describe("a proxy", () => {
  it.each(presetNames)("of %s has the size asked for and its target's proportions", (name) => {
    const target = preset(name);
    for (const weights of [2e5, 1e6, 5e6]) {
      const proxy = proxyOf(target, weights, { vocabulary: 1024, context: 128 });
      expect(blockWeights(proxy) / weights).toBeGreaterThan(0.95);
      expect(blockWeights(proxy) / weights).toBeLessThan(1.05);
      expect(Math.abs(aspect(proxy) - aspect(target))).toBeLessThan(0.6);
      expect(Math.abs(proxy.ffnWidth / proxy.width / (target.ffnWidth / target.width) - 1)).toBeLessThan(0.25);
      expect(Math.abs(proxy.headSize - 32)).toBeLessThanOrEqual(14);
      expect(proxy).toMatchObject({ activation: target.activation, layerRepeat: target.layerRepeat });
    }
  });
});

describe("successive halving", () => {
  const candidates = () =>
    sampleTargets().map((target) => ({ target, proxy: target, losses: [] as (number | null)[] }));
  const state = (): ProxyState => ({
    ...{ version: 1, key: "", seed: 1, rungSteps: [10, 20, 40], batchTokens: 1 },
    candidates: candidates(),
  });

  it("trains all, then the better half for twice as long; what diverged does not go on", () => {
    const run = state();
    const turns: string[] = [];
    const loss = [3, 2, 1, null];
    for (let turn = nextTurnOf(run); turn !== null; turn = nextTurnOf(run)) {
      turns.push(`${turn.rung}:${turn.index}`);
      run.candidates[turn.index]!.losses.push(loss[turn.index]!);
    }
    expect(turns).toEqual(["0:0", "0:1", "0:2", "0:3", "1:1", "1:2", "2:2"]);
    expect(countSteps(run)).toEqual({ done: 10 + 20 + 40 + 10, total: 40 + 20 + 20 });
  });
});

describe("training proxies", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await createBackend({ threads: 1 });
  });
  afterAll(() => backend.close());
  const options = (folder: string, changes: Partial<ProxyOptions> = {}): ProxyOptions => {
    const given = {
      targets: sampleTargets(),
      text: sampleText(),
      where: "sample",
      minutes: 1,
      most: 3,
      sizes: tinySizes,
    };
    return { backend, ...given, folder: join(root, folder), ...changes };
  };
  const read = (folder: string) => JSON.parse(readFileSync(join(root, folder, "proxies.json"), "utf8"));

  it("gives held-out losses that fall with tokens, and observations that move the quality model", async () => {
    const result = await trainProxies(options("run"));
    const { candidates, rungTokens } = result;
    expect(candidates.map(({ losses }) => losses.length).sort()).toEqual([1, 2, 3]);
    const best = candidates.find(({ losses }) => losses.length === 3)!.losses as number[];
    expect(best[0]).toBeLessThan(Math.log(1024));
    expect(best[2]).toBeLessThan(best[0]!);
    expect(rungTokens[2]! / rungTokens[0]!).toBe(4);
    const observations = proxyObservations(result);
    expect(observations).toHaveLength(6);
    expect(observations.at(-1)!.noise).toBeGreaterThan(0);
    const [before, after] = [createQualityModel(), createQualityModel([...publishedObservations(), ...observations])];
    const [a, b] = [candidates[0]!.target, candidates[2]!.target];
    expect(after.relativeLoss(a, b).value).not.toBe(before.relativeLoss(a, b).value);
  });

  it("a run that was stopped goes on, and ends as one that was not", async () => {
    // Both begin with the same plan, for the plan depends on the machine's speed.
    const plan = { ...read("run"), candidates: read("run").candidates.map((one: object) => ({ ...one, losses: [] })) };
    const { mkdirSync } = await import("node:fs");
    mkdirSync(join(root, "stopped"));
    writeFileSync(join(root, "stopped", "proxies.json"), JSON.stringify(plan));
    let stops = 0;
    for (;;) {
      const stop = new AbortController();
      let steps = 0;
      const onProgress = () => {
        if (++steps === 9) stop.abort();
      };
      const ended = await trainProxies(options("stopped", { signal: stop.signal, onProgress })).catch((error) => {
        expect(error).toMatchObject({ code: "aborted" });
        return null;
      });
      if (ended !== null) break;
      stops++;
    }
    expect(stops).toBeGreaterThan(1);
    expect(read("stopped")).toEqual(read("run"));
  });

  it("a killed process goes on too", async () => {
    const script = fileURLToPath(new URL("interrupted-run.case.ts", import.meta.url));
    const folder = join(root, "killed");
    const run = (killAfter: number) =>
      new Promise<string>((resolve) => {
        const child = spawn(process.execPath, [script, folder], { stdio: ["ignore", "pipe", "inherit"] });
        let output = "";
        child.stdout.on("data", (data) => {
          output += data;
          if (output.split("\n").length > killAfter) child.kill("SIGKILL");
        });
        child.on("close", () => resolve(output));
      });
    expect(await run(6)).not.toContain("result");
    const output = await run(Infinity);
    const result = JSON.parse(/result (.*)/.exec(output)![1]!);
    expect(result.candidates.map(({ losses }: { losses: number[] }) => losses.length).sort()).toEqual([1, 2, 3]);
    expect(readdirSync(folder)).toContain("proxies.json");
  }, 60_000);

  it("goes on with the shapes it was begun with where the same is asked, though a new calibration would pick others", async () => {
    const question = "phonelm at 100 M";
    const first = await trainProxies(options("asked", { question }));
    const [one, two, ...rest] = sampleTargets();
    const again = await trainProxies(options("asked", { question, targets: [two!, ...rest, one!] }));
    expect(again).toEqual(first);
    await expect(trainProxies(options("asked", { question: "wide at 100 M" }))).rejects.toThrow(/of another search/);
  });

  it("refuses another search's folder, and a text that is too short", async () => {
    await expect(trainProxies(options("run", { seed: 7 }))).rejects.toThrow(/holds proxies of another search/);
    await expect(trainProxies(options("hasty", { sizes: undefined, minutes: 0.001 }))).rejects.toThrow(
      /proxies need at least [\d.]+ minutes on this machine, 0\.001 were given/,
    );
    expect(() => createTextTask("too short", "mine.txt")).toThrow(/mine\.txt: 9 characters are too few/);
  });
});
