// Which model of the catalogue a run's is, and which commit made a record.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { catalogueModels } from "../catalogue/index.ts";
import { fromHfConfig } from "../model/families/index.ts";
import { createSpec } from "../spec/spec.ts";
import { identifyModel } from "./identify.ts";
import { commitOf } from "./tool.ts";

const configOf = (name: string) => catalogueModels.find((model) => model.name === name)!.config;
const smollm = fromHfConfig(configOf("SmolLM-135M"));
const own = createSpec({ layers: 3, width: 96, ffnWidth: 128, heads: 4, vocabulary: 300 });

describe("a model", () => {
  it.each([
    ["hub:HuggingFaceTB/SmolLM-135M", "SmolLM-135M"],
    ["hub:HuggingFaceTB/SmolLM-135M@main", "SmolLM-135M"],
    ["models/smollm-135m/", "SmolLM-135M"],
  ])("called %s is found by its name", (given, name) => {
    expect(identifyModel(given, own)).toEqual({ name, catalogue: name, released: "2024-07" });
  });

  it("is found by an architecture that only one has, and keeps its name", () => {
    expect(identifyModel("models/mine", smollm)).toEqual({
      name: "models/mine",
      catalogue: "SmolLM-135M",
      released: "2024-07",
    });
    expect(identifyModel("models/mine", own)).toEqual({ name: "models/mine", catalogue: null, released: null });
    expect(identifyModel("models/mine", { ...smollm, layers: 29 }).catalogue).toBe(null);
  });

  it("is what the user says, if that is in the catalogue", () => {
    expect(identifyModel("models/mine", own, "smollm-135m").name).toBe("SmolLM-135M");
    expect(() => identifyModel("models/mine", own, "SmolLM-134M")).toThrow(
      /no model "SmolLM-134M"; did you mean "SmolLM-135M"/,
    );
  });
});

describe("the commit", () => {
  const root = mkdtempSync(join(tmpdir(), "handheld-commit-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", root, "-c", "user.name=x", "-c", "user.email=x@x", ...args], {
      encoding: "utf8",
    }).trim();

  it("is that of a checkout's top folder, marked where files differ", async () => {
    expect(await commitOf(root)).toBe(null);
    git("init", "-q");
    writeFileSync(join(root, "a"), "1");
    git("add", "a");
    git("commit", "-q", "-m", "a");
    git("tag", "v1");
    const commit = git("rev-parse", "HEAD");
    expect(await commitOf(root)).toBe(commit);
    writeFileSync(join(root, "a"), "2");
    expect(await commitOf(root)).toBe(`${commit}-dirty`);
    mkdirSync(join(root, "inside"));
    expect(await commitOf(join(root, "inside"))).toBe(null);
    expect(await commitOf(join(root, "none"))).toBe(null);
  });
});
