// The programs in examples/ run as they are written, on the built package.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { ANDROID_CATALOGUE } from "../src/functions/catalogue/index.ts";
import { saveRandomCallModel } from "./support/models.ts";

const examples = new URL("../examples/", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "handheld-examples-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(name: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(examples, name), ...args], {
    cwd: folder,
  });
  expect(stderr).toBe("");
  return stdout;
}

describe("examples", () => {
  it("are all tested here", () => {
    const programs = ["browser", "call-from-code.ts", "generate-text.ts", "search-architecture.ts"];
    expect(readdirSync(examples).sort()).toEqual(programs); // browser: in browser-example.test.ts
  });

  it("call-from-code prints calls and their commands", async () => {
    await saveRandomCallModel(join(folder, "model"));
    const out = await run("call-from-code.ts", "model", "play", "some", "jazz");
    const lines = out.trimEnd().split("\n");
    const [name, json] = [lines[0]!.split(" ")[0]!, lines[0]!.slice(lines[0]!.indexOf(" "))];
    expect(ANDROID_CATALOGUE.map((f) => f.name)).toContain(name);
    expect(typeof JSON.parse(json)).toBe("object");
    expect(lines[1]).toMatch(/^ {2}(adb shell am start|no Android command: ) ?/);
    expect(lines.at(-1)).toMatch(/^\d+ tokens in [\d.]+ ms$/);
  });

  it("generate-text streams 48 tokens, the same ones each time", async () => {
    const [first, second] = [await run("generate-text.ts"), await run("generate-text.ts")];
    expect(first).toMatch(/\n48 tokens in [\d.]+ ms, ended by length\n$/);
    const text = (out: string) => out.slice(0, out.lastIndexOf("\n48 tokens"));
    expect(text(first).length).toBeGreaterThan(20);
    expect(text(second)).toBe(text(first));
  });

  it("search-architecture prints what it predicts and what it measures of the best", async () => {
    const out = await run("search-architecture.ts");
    expect(out).toMatch(/^\d+ architectures, \d+ good enough\. Of the shapes whose loss is, /);
    expect(out.match(/^ {2}\d layers × \d+, FFN \d+: predicted \d+ tok\/s, measured \d+$/gm)).toHaveLength(3);
  }, 120_000);
});
