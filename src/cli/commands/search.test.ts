// handheld search in this process, for a device whose times are known: what it prints, writes and refuses.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadSpec } from "../../model/spec-file.ts";
import type { Finding } from "../../search/index.ts";
import { saveLatencyProfile } from "../../search/index.ts";
import { syntheticProfile } from "../../search/latency/synthetic.case.ts";
import { countParameters } from "../../spec/arithmetic.ts";
import { preset } from "../../spec/presets.ts";
import { runHere } from "../run-here.case.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-search-"));
const profile = join(folder, "device.json");
const path = (name: string) => join(folder, name);
beforeAll(() => saveLatencyProfile(profile, syntheticProfile()));
afterAll(() => rmSync(folder, { recursive: true }));

const search = (...words: string[]) => runHere("search", ...words);

describe("handheld search", () => {
  it("finds, explains and hands over: a spec that loads, a config, a report, a table, one JSON object", async () => {
    const words = [
      "--params",
      "PhoneLM-1.5B",
      "--tolerance",
      "1",
      "--min-quality",
      "phonelm-1.5b",
      "--device",
      profile,
    ];
    const files = ["spec.json", "config.json", "page.html", "table.csv", "kept.json"].map(path);
    const flags = ["--write", "--write-hf", "--report", "--csv", "--save-profile"];
    const { code, out, err } = await search(...words, ...flags.flatMap((flag, i) => [flag, files[i]!]), "--json");
    expect({ code, error: err.match(/error.*/)?.[0] }).toEqual({ code: 0, error: undefined });
    const finding = JSON.parse(out) as Finding;
    expect(finding).toMatchObject({ version: 1, method: "exhaustive", seed: 1, proxy: null, verified: [] });
    expect(finding.reference.name).toBe("PhoneLM-1.5B");
    const { total } = countParameters(preset("PhoneLM-1.5B"));
    for (const { parameters, relativeLoss } of finding.top) {
      expect(Math.abs(parameters / total - 1)).toBeLessThanOrEqual(0.01);
      expect(relativeLoss.value).toBeLessThanOrEqual(1);
    }
    expect(finding.winner).toEqual(finding.top[0]);
    expect(finding.known.map(({ name }) => name)).toContain("PhoneLM-1.5B");
    for (const line of finding.why) expect(err).toContain(line);
    expect(await loadSpec(files[0]!)).toEqual(finding.winner.spec);
    expect(await loadSpec(files[1]!)).toEqual(finding.winner.spec);
    expect(readFileSync(files[2]!, "utf8")).toContain("<!doctype html>");
    const table = readFileSync(files[3]!, "utf8").trimEnd().split("\n");
    const columns = new Set(table.map((line) => line.replace(/"[^"]*"/g, "").split(",").length));
    expect(columns.size).toBe(1);
    const { fronts, top, known, references } = finding;
    const shapes = [top, fronts.decode, fronts.prefill, known, references];
    expect(table.length).toBe(1 + shapes.reduce((sum, { length }) => sum + length, 0));
    const published = table.find((line) => line.startsWith("reference,PhoneLM-1.5B"))!;
    expect(published).toMatch(/,81\.47,58\.08,"PhoneLM, Table 2: Xiaomi 14 .*mllm, int4"$/);
    expect(JSON.parse(readFileSync(files[4]!, "utf8"))).toEqual(syntheticProfile());
  });

  it("the same command finds the same; --top, --objective and --context matter", async () => {
    const words = ["--params", "0.5B", "--device", profile, "--json"];
    const find = async (...more: string[]) => {
      const { date: _, ...finding } = (await search(...words, ...more)).result;
      return finding;
    };
    expect(await find("--top", "3")).toEqual(await find("--top", "3"));
    expect((await find("--top", "3")).top).toHaveLength(3);
    expect((await find("--objective", "ttft@100+20")).objective).toMatchObject({
      unit: "ms",
      prompt: 100,
      context: 110,
    });
    expect((await find("--objective", "memory", "--context", "1024")).objective).toMatchObject({
      unit: "MB",
      prompt: 1024,
    });
  });

  it("searches for a machine that was calibrated before, by its name, and says where its profile is from", async () => {
    const { result } = await search("--params", "125M", "--device", "epyc-zen4-2c-node24", "--verify", "0", "--json");
    expect(result.device.profile).toMatch(/^epyc-zen4-2c-node24, which comes with handheld: Virtual machine/);
    expect(result.references.map((one: { source: string }) => one.source)).toContain("PhoneLM, Table 7");
  });

  it("minimises joules where the profile has what the device draws, and keeps what is known of it", async () => {
    const energy = { watts: { idle: 2, prefill: 30, decode: 10 }, note: "Linux powercap (package-0)" };
    const [metered, kept] = [path("metered.json"), path("kept-metered.json")];
    await saveLatencyProfile(metered, { ...syntheticProfile(), energy });
    const words = ["--params", "0.5B", "--objective", "energy@512+32", "--device", metered];
    const { result, out } = await search(...words, "--save-profile", kept, "--about", "made up for a test", "--json");
    expect(result.objective).toMatchObject({ name: "energy@512+32", unit: "J", prompt: 512 });
    expect(result.winner.cost).toBeGreaterThan(0);
    expect(out).not.toContain("NaN");
    expect(JSON.parse(readFileSync(kept, "utf8"))).toMatchObject({ energy, about: "made up for a test" });
  });

  it("takes a space from a file, with its own parameters", async () => {
    const file = path("space.json");
    const parameters = { min: 1e6, max: 1.2e6 };
    const sizes = { layers: [2, 3, 4], width: [96, 128, 160], ffnRatio: { min: 2, max: 4 }, headSize: 32 };
    writeFileSync(file, JSON.stringify({ name: "mine", vocabulary: 1024, context: 256, ...sizes, parameters }));
    const { result } = await search("--space", file, "--device", profile, "--context", "64", "--json");
    expect(result).toMatchObject({ space: { name: "mine" }, budget: parameters });
  });

  it.each<[string, string[], number, RegExp]>([
    ["no size", [], 2, /--params: how many parameters\? Space phonelm has none of its own/],
    [
      "an unknown model",
      ["--params", "PhoneLM-15B"],
      2,
      /--params: "PhoneLM-15B" is neither.*did you mean "PhoneLM-1.5B"/,
    ],
    ["a share that is none", ["--params", "1.5B", "--min-quality", "97"], 2, /from 0 to 1/],
    ["energy", ["--params", "1.5B", "--objective", "energy"], 1, /holds no power measurement \(none was asked for/],
    ["a phone's energy", ["--params", "1.5B", "--objective", "energy", "--device", "phone"], 1, /browsers do not tell/],
    ["an unknown objective", ["--params", "1.5B", "--objective", "speed"], 1, /unknown objective "speed"/],
    ["lengths beyond the context", ["--params", "1.5B", "--objective", "ttft@4000"], 2, /beyond the context of 2048/],
    ["a device that cannot be reached", ["--params", "1.5B", "--device", "ssh:"], 1, /ssh/],
    ["a device that is none", ["--params", "1.5B", "--device", "laptop"], 2, /--device takes local, phone/],
    ["a name like a shipped one", ["--params", "1.5B", "--device", "epyc-zen4-2c-node2"], 2, /did you mean "epyc-zen4/],
    ["a profile that is not there", ["--params", "1.5B", "--device", "none.json"], 1, /cannot read none\.json/],
    ["an unknown space", ["--params", "1.5B", "--space", "fonelm"], 1, /did you mean "phonelm"/],
    ["too little memory", ["--params", "1.5B", "--max-memory", "100M"], 1, /none of \d+ shapes .* fits 100 MB/],
    ["other threads than a profile's", ["--params", "1.5B", "--threads", "1"], 2, /was calibrated with 2/],
    ["another machine's profile", ["--params", "1.5B", "--verify", "2"], 2, /profile of another machine/],
  ])("%s is refused", async (_, words, code, message) => {
    const device = words.includes("--device") ? [] : ["--device", profile];
    const result = await search(...words, ...device, "--write", path("none.json"));
    expect(result.code).toBe(code);
    expect(result.err).toMatch(message);
    expect(existsSync(path("none.json"))).toBe(false);
  });
});
