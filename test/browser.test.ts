// Whole models in Chromium through handheld/browser: the answers are Node's, the cache survives a reload and distrusts what
// was changed, what ends early leaves nothing, one thread without isolation, typed errors where memory is short.

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ANDROID_CATALOGUE } from "../src/functions/catalogue/index.ts";
import { loadCallModel } from "../src/generate/call-model.ts";
import { generate } from "../src/generate/generate.ts";
import { createBackend } from "../src/kernels/index.ts";
import { convertModel } from "../src/model/convert.ts";
import { type Asking, ask, flipByte, folderEntries } from "./support/browser-page.ts";
import { chromiumPath, launchChromium, noChromium } from "./support/chromium.ts";
import { saveRandomCallModel } from "./support/models.ts";
import { serve, type TestServer } from "./support/server.ts";

const dist = new URL("../dist/", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "handheld-browser-"));
const models = { float: join(folder, "float"), int4: join(folder, "int4") };
const prompts = ["the cat sat on", "wake me up"];
const queries = ["play some jazz"];
const question = { prompts, queries, maxTokens: 24 };

/** Two forms of a call model that was never trained; the float weights are three pieces of 4 MiB in the cache. */
async function saveModels(): Promise<void> {
  const shape = { width: 256, ffnWidth: 512, heads: 4, kvHeads: 2, layers: 4, context: 1024 };
  await saveRandomCallModel(models.float, shape);
  await convertModel(models.float, models.int4);
}

/** What Node answers. */
async function answersOf(dir: string): Promise<string[]> {
  const backend = await createBackend({ threads: 1 });
  const { model, caller } = await loadCallModel(backend, dir);
  const answers: string[] = [];
  for (const prompt of prompts) {
    for await (const event of generate(model, prompt, { maxTokens: 24 })) {
      if (event.type === "done") answers.push(event.text);
    }
  }
  for (const query of queries) answers.push(caller.call(query).text);
  await backend.close();
  return answers;
}

const weightsOf = (dir: string) => join(dir, "model.safetensors");
const sha256Of = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

describe.skipIf(chromiumPath === undefined)(`models in Chromium (${noChromium})`, () => {
  let browser: Browser;
  let server: TestServer;
  let page: Page;
  const expected: Record<string, string[]> = {};

  /** A page of a fresh profile, or (with `again`) the same page loaded anew. */
  async function open(again = false): Promise<void> {
    if (again) await page.reload();
    else {
      await page?.context().close();
      page = await (await browser.newContext()).newPage();
      await page.goto(server.url);
    }
    await page.waitForFunction(() => window.handheld !== undefined);
  }
  const url = (model: string) => `${server.url}/${model}/`;
  const load = (model: string, options: Partial<Asking> = {}) => ask(page, { from: url(model), ...options });
  const asked = (name: string) => server.log.filter((path) => path.startsWith(`/${name}/`));

  beforeAll(async () => {
    await saveModels();
    for (const [name, dir] of Object.entries(models)) expected[name] = await answersOf(dir);
    browser = await launchChromium();
    server = await serve({ "/handheld/": dist, "/": folder });
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    server.faults.clear();
    await open();
    server.log.length = 0;
  });

  it.each(["float", "int4"])("%s: greedy text and calls are those of Node, on several threads", async (name) => {
    const { answers, info, error } = await load(name, question);
    expect(error).toBeNull();
    expect(answers).toEqual(expected[name]);
    expect(new Set(answers).size).toBe(answers.length);
    const cores = await page.evaluate(() => navigator.hardwareConcurrency);
    expect(info).toMatchObject({ threads: Math.min(8, cores), format: name === "float" ? "f32" : "int4" });
    expect(info).toMatchObject({ from: "network", cached: true, cacheProblem: null, oneThreadBecause: null });
    expect(info!.functions).toHaveLength(ANDROID_CATALOGUE.length);
    expect(info!.memoryBytes).toBeGreaterThan(statSync(weightsOf(models.int4)).size);
  });

  it("tells how loading goes on: bytes that grow to the file's size, speed, time left", async () => {
    const sizeBytes = statSync(weightsOf(models.float)).size;
    server.faults.set("/float/model.safetensors", (body, response) => {
      response.write(body.subarray(0, sizeBytes / 2));
      setTimeout(() => response.end(body.subarray(sizeBytes / 2)), 200);
    });
    const { progress } = await load("float");
    const weights = progress.filter(({ file }) => file === "model.safetensors");
    expect(weights.length).toBeGreaterThan(1);
    const loaded = weights.map(({ loadedBytes }) => loadedBytes);
    expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
    expect(weights[0]!.loadedBytes).toBeLessThan(sizeBytes);
    expect(weights[0]!.remainingMs).toBeGreaterThan(0);
    for (const { totalBytes, from } of weights)
      expect({ totalBytes, from }).toEqual({ totalBytes: sizeBytes, from: "network" });
    expect(weights.at(-1)).toMatchObject({ loadedBytes: sizeBytes, remainingMs: 0 });
    expect(new Set(progress.map(({ file }) => file))).toEqual(new Set(readdirSync(models.float)));
  });

  describe("the cache", () => {
    it("serves a reloaded page without the network, and forgets on request", async () => {
      await load("float");
      const [kept, ...others] = await page.evaluate(() => window.handheld.listCache());
      expect(others).toEqual([]);
      expect(kept!.url).toBe(url("float").slice(0, -1));
      expect(kept!.sizeBytes).toBeGreaterThan(statSync(weightsOf(models.float)).size);
      await open(true);
      server.log.length = 0;
      const again = await load("float", question);
      expect(again).toMatchObject({ error: null, answers: expected.float });
      expect(again.info).toMatchObject({ from: "cache", cached: true, cacheProblem: null });
      expect(asked("float")).toEqual([]);
      await page.evaluate(() => window.handheld.clearCache("/float"));
      expect(await page.evaluate(() => window.handheld.listCache())).toEqual([]);
      expect((await load("float")).info).toMatchObject({ from: "network", cached: true });
    });

    it("notices a changed byte: fetches again, or says so where it cannot", async () => {
      await load("float");
      await flipByte(page, "model.safetensors", 5_000_000);
      const again = await load("float", question);
      expect(again).toMatchObject({ error: null, answers: expected.float });
      expect(again.info).toMatchObject({ from: "network", cached: true });
      expect(again.info!.cacheProblem).toMatch(/model\.safetensors: the copy in the cache is damaged/);
      expect((await load("float")).info).toMatchObject({ from: "cache", cacheProblem: null });

      await flipByte(page, "config.json", 3);
      for (const file of readdirSync(models.float)) server.faults.set(`/float/${file}`, "refuse");
      const { error } = await load("float");
      expect(error).toMatchObject({ typed: true, code: "io" });
      expect(error!.message).toMatch(/config\.json: the copy in the cache is damaged.*fetching it again: cannot read/);
    });

    it("is not used for another hash, nor filled with what has not the hash asked for", async () => {
      const sha256 = { "model.safetensors": sha256Of(weightsOf(models.float)) };
      const wrong = { "model.safetensors": "0".repeat(64) };
      const refused = await load("float", { options: { sha256: wrong } });
      expect(refused.error).toMatchObject({ typed: true, code: "invalid-file" });
      expect(refused.error!.message).toContain(`model.safetensors: sha256 is ${sha256["model.safetensors"]}, 000`);
      expect(await folderEntries(page)).toEqual([]);
      expect((await load("float", { options: { sha256 } })).info).toMatchObject({ from: "network" });
      expect((await load("float", { options: { sha256 } })).info).toMatchObject({ from: "cache" });
      expect((await load("float", { options: { sha256: wrong } })).error).toMatchObject({ code: "invalid-file" });
    });

    it("is filled anew or left alone on request", async () => {
      expect((await load("int4", { options: { cache: "no-store" } })).info).toMatchObject({
        cached: false,
        cacheProblem: null,
      });
      expect(await folderEntries(page)).toEqual([]);
      await load("int4");
      expect((await load("int4", { options: { cache: "reload" } })).info).toMatchObject({
        from: "network",
        cached: true,
      });
      expect(await folderEntries(page)).toHaveLength(1);
    });
  });

  describe("a download that ends early leaves nothing", () => {
    const half = (body: Buffer) => body.subarray(0, body.length / 2);

    it("cancelled half way", async () => {
      server.faults.set("/float/model.safetensors", (body, response) => void response.write(half(body)));
      const { error, info } = await load("float", { abortAtBytes: 1_000_000 });
      expect(info).toBeNull();
      expect(error).toMatchObject({ typed: true, code: "aborted", message: "stopped" });
      expect(await folderEntries(page)).toEqual([]);
      server.faults.clear();
      expect(await load("float", question)).toMatchObject({ error: null, answers: expected.float });
    });

    it("broken by the server", async () => {
      server.faults.set("/float/model.safetensors", (body, response) =>
        response.write(half(body), () => response.destroy()),
      );
      const { error } = await load("float");
      expect(error).toMatchObject({ typed: true, code: "io" });
      expect(error!.message).toContain("/float/model.safetensors: ");
      expect(await folderEntries(page)).toEqual([]);
    });

    it("with the page closed: its remains are nothing to the next load", async () => {
      let begun = () => {};
      const reached = new Promise<void>((resolve) => (begun = resolve));
      server.faults.set("/float/model.safetensors", (body, response) => {
        response.write(half(body), () => setTimeout(begun, 500));
      });
      void load("float").catch(() => {}); // the page goes away before it answers
      await reached;
      await open(true);
      expect(await page.evaluate(() => window.handheld.listCache())).toEqual([]);
      server.faults.clear();
      const again = await load("float", question);
      expect(again).toMatchObject({ error: null, answers: expected.float });
      expect(again.info).toMatchObject({ from: "network", cached: true });
    });
  });

  describe("memory", () => {
    it("that cannot suffice is a typed error before any weight is fetched", async () => {
      const huge = join(folder, "huge");
      cpSync(models.float, huge, { recursive: true });
      const config = JSON.parse(readFileSync(join(huge, "config.json"), "utf8"));
      writeFileSync(
        join(huge, "config.json"),
        JSON.stringify({ ...config, num_hidden_layers: 1000, intermediate_size: 8192 }),
      );
      const tooLarge = await load("huge");
      expect(tooLarge.error).toMatchObject({ typed: true, code: "out-of-memory" });
      expect(tooLarge.error!.message).toMatch(
        /huge: needs [\d,]+ MB \(weights [\d,]+ MB, KV cache [\d,]+ MB\) of the [\d,]+ MB allowed/,
      );
      const limited = await load("float", { options: { memoryLimitBytes: 12e6 } });
      expect(limited.error).toMatchObject({ typed: true, code: "out-of-memory" });
      expect(server.log.filter((path) => path.endsWith(".safetensors"))).toEqual([]);
      expect(await folderEntries(page)).toEqual([]);
      expect((await load("int4", { options: { memoryLimitBytes: 12e6 } })).error).toBeNull();
      expect((await load("float", { options: { maxContext: 128 } })).info!.spec.context).toBe(128);
    });

    it("that the engine does not get is the same error, and the page lives on", async () => {
      const small = await launchChromium("--js-flags=--wasm-max-mem-pages=128"); // 8 MiB
      const smallPage = await small.newPage();
      await smallPage.goto(server.url);
      await smallPage.waitForFunction(() => window.handheld !== undefined);
      const { error } = await ask(smallPage, { from: url("float") });
      expect(error).toMatchObject({ typed: true, code: "out-of-memory" });
      expect(server.log.filter((path) => path.endsWith(".safetensors"))).toEqual([]);
      expect(await smallPage.evaluate(() => 6 * 7)).toBe(42);
      await small.close();
    });
  });

  it("loads from a chosen folder and from a directory handle", async () => {
    const above = join(folder, "chosen");
    mkdirSync(above);
    cpSync(models.int4, join(above, "model"), { recursive: true });
    await page.setContent('<input type="file" webkitdirectory>');
    await page.addScriptTag({
      type: "module",
      content: 'window.handheld = await import("/handheld/browser/index.js");',
    });
    await page.waitForFunction(() => window.handheld !== undefined);
    await page.locator("input").setInputFiles(above);
    const chosen = await ask(page, { ...question, from: { input: "input" } });
    expect(chosen).toMatchObject({ error: null, answers: expected.int4 });
    expect(chosen.info).toMatchObject({ from: "file", cached: false, name: "chosen/model" });
    const opened = await ask(page, { ...question, from: { copyOf: url("int4"), files: readdirSync(models.int4) } });
    expect(opened).toMatchObject({ error: null, answers: expected.int4 });
    expect(opened.info).toMatchObject({ from: "file", name: "opened" });
  });

  it("ends generations by signal, by leaving the loop and by closing; requests wait for their turn", async () => {
    const seen = await page.evaluate(async (from) => {
      const model = await window.handheld.loadModel(from);
      const stop = new AbortController();
      let reason = "";
      let text = "";
      for await (const event of model.generate("the cat", { maxTokens: 900, signal: stop.signal })) {
        if (event.type === "text") stop.abort();
        else [reason, text] = [event.reason, event.text];
      }
      for await (const _ of model.generate("the cat", { maxTokens: 900 })) break;
      const long = model.generate("the cat", { maxTokens: 900 }); // keeps the engine busy
      await long.next();
      const late = new AbortController();
      const waiting = model.call("play some jazz", { signal: late.signal }).catch((error) => error.code);
      late.abort();
      const overflow = model.generate("the cat", { maxTokens: 5000 }).next();
      const overflowed = overflow.catch((error) => [
        error instanceof window.handheld.ContextOverflowError,
        error.needed,
      ]);
      const codes = [await waiting];
      await long.return();
      const typed = await overflowed;
      const open = model.generate("the cat", { maxTokens: 900 });
      await open.next();
      model.close();
      for (const request of [model.call("play"), model.generate("x").next()]) {
        codes.push(
          await request.then(
            () => "answered",
            (error) => error.code,
          ),
        );
      }
      return { reason, words: text.length, typed, codes };
    }, url("int4"));
    expect(seen.reason).toBe("aborted");
    expect(seen.words).toBeGreaterThan(0);
    expect(seen.typed).toEqual([true, expect.any(Number)]);
    expect(seen.codes).toEqual(["aborted", "aborted", "aborted"]);
  });

  it("runs on one thread on a page that is not isolated, and says so", async () => {
    const plain = await serve({ "/handheld/": dist, "/": folder }, { isolated: false });
    const plainPage = await browser.newPage();
    await plainPage.goto(plain.url);
    await plainPage.waitForFunction(() => window.handheld !== undefined);
    const { answers, info } = await ask(plainPage, {
      ...question,
      from: `${plain.url}/int4/`,
      options: { threads: 2 },
    });
    expect(answers).toEqual(expected.int4);
    expect(info!.threads).toBe(1);
    expect(info!.oneThreadBecause).toMatch(/^the page is not cross-origin isolated: /);
    await plainPage.close();
    await plain.close();
  });

  it("names what is missing", async () => {
    const { error } = await load("nothing");
    expect(error).toMatchObject({ typed: true, code: "io" });
    expect(error!.message).toBe(
      `cannot read ${server.url}/nothing/tokenizer.json: no such file or folder; check the path`,
    );
  });
});
