// Pulling from a hub that behaves: which files come, where they lie, what a second pull costs, offline, access.
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bytes, modelFiles, repo, startHub, type TestHub } from "./hub-server.case.ts";
import { findCached, type PullEvent, pullModel } from "./pull.ts";
import { resolveModel } from "./resolve.ts";

const names = (model: { files: { name: string }[] }) => model.files.map(({ name }) => name).sort();
const folderOf = (hub: TestHub) => join(hub.options.cacheDir, "models--tester--tiny-model");

describe("a pull", () => {
  it("brings the files that a model needs into Hugging Face's cache layout", async () => {
    const hub = await startHub();
    const model = await pullModel(repo, hub.options);
    expect(names(model)).toEqual(["config.json", "model.safetensors", "tokenizer.json"]);
    expect(model.dir).toBe(join(folderOf(hub), "snapshots", hub.commit));
    expect(readFileSync(join(folderOf(hub), "refs", "main"), "utf8")).toBe(hub.commit);
    for (const { name, path } of model.files) {
      const { lfs, oid } = hub.entries.find((entry) => entry.path === name)!;
      expect(readlinkSync(path)).toBe(`../../blobs/${lfs?.oid ?? oid}`);
      expect(readFileSync(path).equals(hub.content(name))).toBe(true);
    }
    expect(readdirSync(join(folderOf(hub), "blobs")).length).toBe(3); // no partial files
  });

  it("of what is there costs the listing alone, and makes a lost link again", async () => {
    const hub = await startHub();
    const { files } = await pullModel(repo, hub.options);
    const before = hub.downloads().length;
    rmSync(files[0]!.path);
    const again = await pullModel(repo, hub.options);
    expect(again.receivedBytes).toBe(0);
    expect(hub.downloads().length).toBe(before);
    expect(readFileSync(files[0]!.path).equals(hub.content(files[0]!.name))).toBe(true);
  });

  it("tells sizes, bytes as they come, and each file once", async () => {
    const hub = await startHub();
    const events: PullEvent[] = [];
    const { receivedBytes } = await pullModel(repo, { ...hub.options, onEvent: (event) => events.push(event) });
    const of = <T extends PullEvent["type"]>(type: T) =>
      events.filter((event): event is Extract<PullEvent, { type: T }> => event.type === type);
    const total = 300_000 + 22 + 2;
    expect(receivedBytes).toBe(total);
    expect(of("listed")).toMatchObject([{ commit: hub.commit, totalBytes: total, cachedBytes: 0 }]);
    expect(
      of("file")
        .map(({ name, cached }) => [name, cached])
        .sort(),
    ).toEqual([
      ["config.json", false],
      ["model.safetensors", false],
      ["tokenizer.json", false],
    ]);
    for (const { doneBytes, totalBytes } of of("progress")) {
      expect(totalBytes).toBe(total);
      expect(doneBytes).toBeLessThanOrEqual(total);
    }
  });

  it("takes the shards of an index, and neither other formats nor other copies of the weights", async () => {
    const hub = await startHub({
      "config.json": Buffer.from("{}"),
      "generation_config.json": Buffer.from("{ }"),
      "chat_template.jinja": Buffer.from("{{ messages }}"),
      "tokenizer.model": bytes(500),
      "model.safetensors.index.json": Buffer.from(
        '{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}',
      ),
      "model-00001-of-00002.safetensors": bytes(20_000),
      "model-00002-of-00002.safetensors": bytes(20_001),
      "consolidated.safetensors": bytes(100),
      "onnx/model.onnx": bytes(100),
      "model-q8_0.gguf": bytes(100),
    });
    const model = await pullModel(repo, hub.options);
    expect(names(model)).toEqual([
      "chat_template.jinja",
      "config.json",
      "generation_config.json",
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
      "model.safetensors.index.json",
      "tokenizer.model",
    ]);
  });

  it("takes the parts of a tokenizer where there is no tokenizer.json, and only there", async () => {
    const parts = { "vocab.json": bytes(90), "merges.txt": bytes(80), "added_tokens.json": bytes(70) };
    const model = { "config.json": bytes(60), "model.safetensors": bytes(50), ...parts };
    const [without, beside] = [await startHub(model), await startHub({ ...model, "tokenizer.json": bytes(40) })];
    expect(names(await pullModel(repo, without.options))).toEqual(Object.keys(model).sort());
    expect(names(await pullModel(repo, beside.options))).toEqual([
      "config.json",
      "model.safetensors",
      "tokenizer.json",
    ]);
  });

  it("comes in ranges over several connections where a file is large", async () => {
    const hub = await startHub(modelFiles(1_000_003));
    const model = await pullModel(repo, { ...hub.options, pieceBytes: 100_000 });
    const ranges = hub.requests.filter(({ server }) => server === "content").map(({ range }) => range);
    expect(ranges.length).toBe(11);
    expect(ranges).toContain("bytes=1000000-1000002");
    expect(model.receivedBytes).toBe(1_000_003 + 24);
    expect(readFileSync(join(model.dir, "model.safetensors")).equals(hub.content("model.safetensors"))).toBe(true);
  });

  it("of a file that two names have brings it once; an empty file is a file", async () => {
    const same = bytes(50_000);
    const files = { ...modelFiles(), "a.gguf": same, "sub/b.gguf": same, "c.gguf": Buffer.alloc(0) };
    const hub = await startHub(files);
    const model = await pullModel({ repo, revision: "main", file: "*.gguf" }, hub.options);
    expect(names(model)).toEqual(["a.gguf", "c.gguf", "sub/b.gguf"]);
    expect(model.receivedBytes).toBe(50_000);
    for (const { name, path } of model.files) expect(readFileSync(path).equals(hub.content(name))).toBe(true);
    expect(readlinkSync(join(model.dir, "sub", "b.gguf"))).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
  });

  it("without safetensors names the GGUF files; a file that is not there, the nearest one", async () => {
    const hub = await startHub({ "config.json": Buffer.from("{}"), "tiny-q8_0.gguf": bytes(20) });
    await expect(pullModel(repo, hub.options)).rejects.toThrow(/no \*\.safetensors; .*--file: tiny-q8_0\.gguf/);
    const wrong = pullModel(`${repo}/tiny-q4_0.gguf`, hub.options);
    await expect(wrong).rejects.toMatchObject({ reason: "not-found", message: /did you mean "tiny-q8_0.gguf"/ });
  });

  it("copies where links are not possible", async () => {
    const hub = await startHub();
    const model = await pullModel(repo, { ...hub.options, links: ["copy"] });
    for (const { name, path } of model.files) {
      expect(lstatSync(path).isFile()).toBe(true);
      expect(readFileSync(path).equals(hub.content(name))).toBe(true);
    }
    expect((await pullModel(repo, hub.options)).receivedBytes).toBe(0);
  });
});

describe("offline", () => {
  it("a pulled model is found, by branch, tag and commit, without a request", async () => {
    const hub = await startHub();
    await pullModel(`${repo}@v1`, hub.options);
    const count = hub.requests.length;
    const offline = { ...hub.options, offline: true };
    for (const revision of ["v1", hub.commit]) {
      const { dir } = await pullModel(`${repo}@${revision}`, offline);
      expect(dir).toBe(join(folderOf(hub), "snapshots", hub.commit));
    }
    await expect(pullModel(repo, offline)).rejects.toMatchObject({ reason: "not-cached", message: /revision main/ });
    expect(hub.requests.length).toBe(count);
  });

  it("finds what huggingface_hub has left, and says what is missing of it", async () => {
    const hub = await startHub();
    const [folder, commit] = [folderOf(hub), "c".repeat(40)];
    for (const name of ["blobs", "refs", `snapshots/${commit}`]) mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, "refs", "main"), commit);
    writeFileSync(join(folder, "blobs", "aaa"), "{}");
    symlinkSync("../../blobs/aaa", join(folder, "snapshots", commit, "config.json"));
    const offline = { ...hub.options, offline: true };
    await expect(pullModel(repo, offline)).rejects.toThrow(/model\.safetensors of revision main is not in the cache/);
    symlinkSync("../../blobs/aaa", join(folder, "snapshots", commit, "model.safetensors"));
    expect(names(await pullModel(repo, offline))).toEqual(["config.json", "model.safetensors"]);
  });
});

describe("resolveModel", () => {
  it("leaves paths alone, pulls a name once, and then asks nobody", async () => {
    const hub = await startHub();
    expect(await resolveModel("runs/calls/int4", hub.options)).toBe("runs/calls/int4");
    expect(hub.requests).toEqual([]);
    const dir = await resolveModel(`hub:${repo}`, hub.options);
    const count = hub.requests.length;
    expect(count).toBeGreaterThan(0);
    expect(await resolveModel(`hub:${repo}`, hub.options)).toBe(dir);
    expect(await resolveModel(`hub:${repo}/config.json`, hub.options)).toBe(join(dir, "config.json"));
    expect(hub.requests.length).toBe(count);
  });

  it("fetches what is missing of a model that Python began", async () => {
    const hub = await startHub();
    await pullModel(`${repo}/config.json`, hub.options);
    const dir = await resolveModel(`hub:${repo}`, hub.options);
    expect(readFileSync(join(dir, "model.safetensors")).equals(hub.content("model.safetensors"))).toBe(true);
    expect((await findCached(repo, hub.options)).dir).toBe(dir);
  });

  it("wants one file", async () => {
    const hub = await startHub({ "a.gguf": bytes(9), "b.gguf": bytes(9) });
    await expect(resolveModel(`hub:${repo}/*.gguf`, hub.options)).rejects.toThrow(/names 2 files, one is needed/);
    expect(await resolveModel(`hub:${repo}/b*.gguf`, hub.options)).toMatch(/b\.gguf$/);
  });
});

describe("access", () => {
  it("the token goes to the hub, not to where it redirects", async () => {
    const hub = await startHub();
    await pullModel(repo, { ...hub.options, token: "hf_secret" });
    const seen = (server: string) =>
      new Set(hub.requests.filter((r) => r.server === server).map((r) => r.authorization));
    expect(seen("hub")).toEqual(new Set(["Bearer hf_secret"]));
    expect(seen("content")).toEqual(new Set([null]));
  });

  it("nor to the next page of a listing elsewhere", async () => {
    const hub = await startHub();
    const other = await startHub();
    hub.mischief = ({ path }, response) => {
      if (!path.includes("/tree/")) return false;
      response.writeHead(200, { link: `<${other.endpoint}/api/models/x>; rel="next"` }).end("[]");
      return true;
    };
    other.mischief = (_, response) => {
      response.writeHead(200).end("[]");
      return true;
    };
    await expect(pullModel(repo, { ...hub.options, token: "hf_secret" })).rejects.toThrow(/no \*\.safetensors/);
    expect(other.requests.map(({ authorization }) => authorization)).toEqual([null]);
  });

  it.each([
    [401, {}, "access", /private, gated or not on the hub.*accept the licence on .*tester\/tiny-model.*HF_TOKEN/],
    [403, { "x-error-code": "GatedRepo" }, "access", /is gated or private: accept the licence on .* set HF_TOKEN/],
    [404, { "x-error-code": "RepoNotFound" }, "not-found", /no model tester\/tiny-model .* check the name/],
    [404, { "x-error-code": "RevisionNotFound" }, "not-found", /has no revision "main"; check/],
    [418, {}, "server", /HTTP 418/],
  ])("HTTP %i %j is an error of kind %s", async (status, headers, reason, message) => {
    const hub = await startHub();
    hub.mischief = (_, response) => Boolean(response.writeHead(status, headers).end("no"));
    await expect(pullModel(repo, hub.options)).rejects.toMatchObject({ reason, status, message });
    expect(hub.requests.length).toBe(1); // no use in trying again
  });

  it("a hub that is not there is an error of kind network", async () => {
    const hub = await startHub();
    const options = { ...hub.options, endpoint: "http://127.0.0.1:9" };
    await expect(pullModel(repo, options)).rejects.toMatchObject({
      reason: "network",
      message: /cannot reach .*--offline/,
    });
  });
});
