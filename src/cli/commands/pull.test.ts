// handheld pull and hub: names on the command line, against a local hub.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { bytes, repo, startHub, type TestHub } from "../../hub/hub-server.case.ts";
import { runHere } from "../run-here.case.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

async function handheld(hub: TestHub, ...args: string[]) {
  for (const [name, value] of Object.entries(hub.env)) vi.stubEnv(name, value);
  const { code, out, err } = await runHere(...args);
  return { code, out, err };
}

const ggufs = { "tiny-q4_0.gguf": bytes(20_000), "tiny-q8_0.gguf": bytes(30_000) };

describe("handheld pull", () => {
  it("says where the model is and what to do next, as text and as JSON", async () => {
    const hub = await startHub();
    const { code, out } = await handheld(hub, "pull", repo);
    const dir = join(hub.options.cacheDir, "models--tester--tiny-model", "snapshots", hub.commit);
    expect(code).toBe(0);
    expect(out).toContain("3 files, 300 kB (300 kB received)");
    expect(out).toContain(dir);
    expect(out).toContain(`next: handheld run hub:${repo}`);
    const again = await handheld(hub, "pull", `${repo}@v1`, "--json");
    expect(JSON.parse(again.out)).toMatchObject({
      repo,
      revision: "v1",
      commit: hub.commit,
      dir,
      receivedBytes: 0,
      files: [{ name: "config.json" }, { name: "tokenizer.json" }, { name: "model.safetensors" }],
      next: `handheld run hub:${repo}@v1`,
    });
  });

  it.each([[["tiny-q8_0.gguf"]], [["--file", "*q8*"]], [["--revision", "v1", "--file", "tiny-q8_0.gguf"]]])(
    "takes one file: %j",
    async (words) => {
      const hub = await startHub(ggufs);
      const { code, out } = await handheld(hub, "pull", repo, ...words, "--json");
      expect(code).toBe(0);
      const result = JSON.parse(out);
      expect(result.files).toMatchObject([{ name: "tiny-q8_0.gguf", sizeBytes: 30_000 }]);
      expect(result.next).toMatch(
        /^handheld convert hub:tester\/tiny-model\/tiny-q8_0\.gguf(@v1)? models\/tiny-model$/,
      );
    },
  );

  it("offline finds what was pulled, and says so when it was not", async () => {
    const hub = await startHub();
    const { code, err } = await handheld(hub, "pull", repo, "--offline");
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/revision main is not in the cache .*while online/),
    });
    await handheld(hub, "pull", repo);
    const count = hub.requests.length;
    expect((await handheld(hub, "pull", repo, "--offline")).out).toContain("(0 B received)");
    expect(hub.requests.length).toBe(count);
  });

  it.each([
    [["pull", `${repo}/a.gguf`, "b.gguf"], 2, /the file is given 2 times/],
    [["pull", `${repo}@v1`, "--revision", "v2"], 2, /@v1 and --revision v2 contradict/],
    [["pull", "../x"], 1, /a model on the hub is named org\/name/],
    [["pull", repo, "--file", "../x"], 1, /no name of a revision or file/],
    [["pull", `${repo}@v9`], 1, /has no revision "v9"/],
    [["pull", repo, "modl.safetensors"], 1, /did you mean "model.safetensors"/],
  ])("%j exits with %i", async (words, code, message) => {
    const hub = await startHub();
    expect(await handheld(hub, ...words)).toEqual({ code, out: "", err: expect.stringMatching(message) });
  });
});

describe("hub:org/name", () => {
  const folder = mkdtempSync(join(tmpdir(), "handheld-pull-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const ggufFile = new URL("../../../test/parity/fixtures/gguf/llama.gguf", import.meta.url);
  const converted = join(folder, "float");

  it("with a file is converted, and pulled for that", async () => {
    const hub = await startHub({ "llama.gguf": readFileSync(ggufFile) });
    const { code, out } = await handheld(hub, "convert", `hub:${repo}/llama.gguf`, converted, "--to", "f32", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ format: "f32", parameters: expect.any(Number) });
    expect(hub.downloads().length).toBeGreaterThan(0);
  });

  it.each([
    ["run", ["hello", "--mode", "complete", "--max-tokens", "3"], { tokens: 3 }],
    ["quantize", [join(folder, "int4")], { format: "int4" }],
    ["bench", ["--prefill", "4", "--decode", "4", "--repeats", "1"], { weights: "f32 weights", model: `hub:${repo}` }],
  ])("is pulled by %s, and not again", async (command, words, result) => {
    const files = readdirSync(converted).map((name) => [name, readFileSync(join(converted, name))] as const);
    const hub = await startHub(Object.fromEntries(files));
    const { code, out, err } = await handheld(hub, command, `hub:${repo}`, ...words, "--threads", "1", "--json");
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("Pulling hub:tester/tiny-model") });
    expect(JSON.parse(out.trimEnd().split("\n").at(-1)!)).toMatchObject(result);
    const count = hub.requests.length;
    await handheld(hub, "eval", `hub:${repo}`); // finds the files, which are no call model
    expect(hub.requests.length).toBe(count);
  });

  it("is pulled by eval, which then says what it is not", async () => {
    const hub = await startHub();
    const { code, err } = await handheld(hub, "eval", `hub:${repo}`);
    expect(code).toBe(1);
    expect(err).toContain(join("models--tester--tiny-model", "snapshots", hub.commit));
  });
});

describe("handheld info hub:org/name", () => {
  it("fetches config.json alone", async () => {
    const shape = { hidden_size: 64, intermediate_size: 96, num_hidden_layers: 2, num_attention_heads: 4 };
    const config = { model_type: "llama", ...shape, vocab_size: 100, max_position_embeddings: 77 };
    const hub = await startHub({
      "config.json": Buffer.from(JSON.stringify(config)),
      "model.safetensors": bytes(50_000),
    });
    const { code, out } = await handheld(hub, "info", `hub:${repo}`);
    expect(code).toBe(0);
    expect(out).toMatch(/shape +2 blocks, width 64, FFN 96, vocabulary 100/);
    expect(out).toContain("no safetensors weights here");
    const asked = hub.requests.map(({ path }) => path).filter((path) => path.includes("/resolve/"));
    expect(asked.every((path) => path.endsWith("config.json"))).toBe(true);
    const whole = await handheld(hub, "pull", repo, "--json");
    expect(JSON.parse(whole.out).receivedBytes).toBe(50_000);
  });

  it("asks for a file to be pulled where the header is in it", async () => {
    const hub = await startHub(ggufs);
    const { code, err } = await handheld(hub, "info", `hub:${repo}/tiny-q8_0.gguf`);
    expect(code).toBe(1);
    expect(err).toContain(`get it with "handheld pull ${repo}/tiny-q8_0.gguf"`);
  });
});
