// handheld pull and hub: names on the command line, against a local hub.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import { bytes, repo, startHub, type TestHub } from "../../hub/hub-server.case.ts";
import { runCli } from "../cli.ts";
import { commands } from "./index.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

async function handheld(hub: TestHub, ...args: string[]) {
  for (const [name, value] of Object.entries(hub.env)) vi.stubEnv(name, value);
  let [out, err] = ["", ""];
  const code = await runCli(args, {
    commands,
    version: "0",
    stdin: new PassThrough(),
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    signal: new AbortController().signal,
    interrupt: () => {},
  });
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
  const out = mkdtempSync(join(tmpdir(), "handheld-pull-"));
  afterEach(() => rmSync(out, { recursive: true, force: true }));

  // What a command does with the model is its own test: here each gets as far as reading the pulled files, which are no model.
  it.each([
    ["run", [`hub:${repo}`, "hello"]],
    ["eval", [`hub:${repo}`]],
    ["bench", [`hub:${repo}`]],
    ["quantize", [`hub:${repo}`, join(out, "int4")]],
  ])("is pulled by %s", async (command, words) => {
    const hub = await startHub();
    const { code, err } = await handheld(hub, command, ...words);
    expect(code).toBe(1);
    expect(err).toContain(join("models--tester--tiny-model", "snapshots", hub.commit));
  });

  it("is pulled by convert, as a file", async () => {
    const hub = await startHub(ggufs);
    const { code, err } = await handheld(hub, "convert", `hub:${repo}/tiny-q4_0.gguf`, join(out, "converted"));
    expect(code).toBe(1);
    expect(err).toMatch(/snapshots.*tiny-q4_0\.gguf: /);
  });
});
