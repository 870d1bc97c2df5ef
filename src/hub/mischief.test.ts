// Pulling from a hub that misbehaves on purpose: whatever it does, the cache holds the right bytes or none, and the error
// says what happened. What was fetched once is not fetched again.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { partialPath } from "./blob.ts";
import { bytes, type Mischief, modelFiles, rangeOf, repo, startHub, type TestHub } from "./hub-server.case.ts";
import { findCached, type PullEvent, pullModel } from "./pull.ts";

const weights = "model.safetensors";
const sizeBytes = 300_000;

/** Misbehaves on the first `times` requests for the weights' bytes, as a content server. */
function firstTimes(times: number, act: (response: ServerResponse, content: Buffer, range: string | null) => unknown) {
  let left = times;
  const mischief: Mischief = async ({ server, range }, response, content) => {
    if (server !== "content" || left-- <= 0) return false;
    await act(response, content!, range);
    return true;
  };
  return mischief;
}

const always = Number.POSITIVE_INFINITY;

/** Sends some bytes of what was asked for, properly announced, and waits until they are out. */
async function begin(response: ServerResponse, content: Buffer, range: string | null, count: number) {
  const [from, end] = rangeOf(range, content.byteLength);
  const headers = { "content-length": end - from, "content-range": `bytes ${from}-${end - 1}/${content.byteLength}` };
  response.writeHead(range === null ? 200 : 206, headers);
  await new Promise((done) => response.write(content.subarray(from, Math.min(end, from + count)), done));
  await sleep(20);
}

const drop = (count: number) => async (response: ServerResponse, content: Buffer, range: string | null) => {
  await begin(response, content, range, count);
  response.destroy();
};

const blobOf = (hub: TestHub) => {
  const { lfs } = hub.entries.find(({ path }) => path === weights)!;
  return join(hub.options.cacheDir, "models--tester--tiny-model", "blobs", lfs!.oid);
};

/** Puts the beginning of the weights where an interrupted pull would have left it. */
async function leavePartial(hub: TestHub, content: Buffer) {
  await mkdir(join(blobOf(hub), ".."), { recursive: true });
  writeFileSync(partialPath(blobOf(hub)), content);
}

async function expectWhole(hub: TestHub, options = {}) {
  const model = await pullModel(repo, { ...hub.options, ...options });
  expect(readFileSync(join(model.dir, weights)).equals(hub.content(weights))).toBe(true);
  expect(readdirSync(join(blobOf(hub), "..")).filter((name) => name.includes("partial"))).toEqual([]);
  return model;
}

async function expectError(hub: TestHub, expected: object, options = {}) {
  await expect(pullModel(repo, { ...hub.options, ...options })).rejects.toMatchObject(expected);
  expect(existsSync(blobOf(hub))).toBe(false);
  expect(existsSync(join(blobOf(hub), "..", "..", "refs"))).toBe(false);
}

const contentRanges = (hub: TestHub) =>
  hub.requests.filter(({ server }) => server === "content").map(({ range }) => range);

const stallsSoon = { attempts: 4, firstWaitMs: 2, longestWaitMs: 300, stallMs: 1000 };

describe("connections", () => {
  it.each([{}, { pieceBytes: 70_000 }])("that break are taken up where they ended (%j)", async (options) => {
    const hub = await startHub(modelFiles(sizeBytes));
    hub.mischief = firstTimes(3, drop(30_000));
    const { receivedBytes } = await expectWhole(hub, options);
    expect(receivedBytes).toBe(sizeBytes + 24); // nothing twice
    expect(contentRanges(hub)).toContain(options.pieceBytes ? "bytes=30000-69999" : "bytes=30000-299999");
  });

  it("that always break end the pull; what arrived is kept and the next pull fetches the rest", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    hub.mischief = firstTimes(always, drop(30_000));
    await expectError(hub, { reason: "network", message: /4 times in a row; .*run it again to go on/ });
    expect(readFileSync(partialPath(blobOf(hub))).equals(hub.content(weights).subarray(0, 120_000))).toBe(true);
    hub.mischief = () => false;
    const { receivedBytes } = await expectWhole(hub);
    expect(receivedBytes).toBe(sizeBytes - 120_000);
    expect(contentRanges(hub).at(-1)).toBe("bytes=120000-299999");
  });

  it("that fall silent are given up, before and within the body", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    hub.mischief = firstTimes(2, (response, content, range) =>
      contentRanges(hub).length === 1 ? undefined : begin(response, content, range, 50_000),
    );
    const retries: PullEvent[] = [];
    const onEvent = (event: PullEvent) => event.type === "retry" && retries.push(event);
    await expectWhole(hub, { onEvent, patience: stallsSoon });
    expect(retries).toMatchObject(Array(2).fill({ what: weights, reason: "no data for 1 s" }));
    expect(contentRanges(hub)).toEqual([null, null, "bytes=50000-299999"]);
  });

  it("that trickle are given up too", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    hub.mischief = firstTimes(1, async (response, content, range) => {
      await begin(response, content, range, 100);
      for (let at = 100; !response.destroyed; at++) {
        response.write(content.subarray(at, at + 1));
        await sleep(10);
      }
    });
    await expectWhole(hub, { patience: stallsSoon });
    expect(contentRanges(hub).length).toBe(2);
  });

  it("that were slow but of use are not", async () => {
    const hub = await startHub(modelFiles(20_000));
    hub.mischief = firstTimes(always, async (response, content, range) => {
      await begin(response, content, range, 1);
      for (let at = 1; at < content.byteLength; at += 2000) {
        response.write(content.subarray(at, at + 2000));
        await sleep(150); // in all longer than a stall
      }
      response.end();
    });
    await expectWhole(hub, { patience: stallsSoon });
    expect(contentRanges(hub).length).toBe(1);
  });
});

describe("ranges", () => {
  const ignoreRange = firstTimes(always, (response, content) => {
    response.writeHead(200, { "content-length": content.byteLength }).end(content);
  });

  it("that a server ignores: one connection takes it all", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    hub.mischief = ignoreRange;
    await expectWhole(hub, { pieceBytes: 20_000 });
    expect(contentRanges(hub).length).toBe(1);
  });

  it("that it ignores at a resumed pull: what is there is passed over", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    await leavePartial(hub, hub.content(weights).subarray(0, 100_000));
    hub.mischief = ignoreRange;
    expect((await expectWhole(hub, { pieceBytes: 20_000 })).receivedBytes).toBe(sizeBytes - 100_000 + 24);
    expect(contentRanges(hub)).toEqual(["bytes=100000-119999"]);
  });

  it("that it answers with 416: the whole file is asked for", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    await leavePartial(hub, hub.content(weights).subarray(0, 100_000));
    hub.mischief = firstTimes(1, (response) => response.writeHead(416).end());
    await expectWhole(hub);
    expect(contentRanges(hub)).toEqual(["bytes=100000-299999", null]);
  });

  it("of another place than asked for are not taken", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    await leavePartial(hub, hub.content(weights).subarray(0, 100_000));
    hub.mischief = firstTimes(1, (response, content) => {
      response.writeHead(206, { "content-range": `bytes 0-299999/${sizeBytes}` }).end(content);
    });
    await expectWhole(hub);
    expect(contentRanges(hub).length).toBe(2);
  });
});

describe("contents", () => {
  it("that are wrong are removed and end the pull", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    hub.mischief = firstTimes(always, (response) => response.end(bytes(sizeBytes)));
    await expectError(hub, {
      reason: "checksum",
      code: "invalid-file",
      message: /sha256 .* was promised; it was removed/,
    });
    expect(existsSync(partialPath(blobOf(hub)))).toBe(false);
    hub.mischief = () => false;
    await expectWhole(hub);
  });

  it("of a small file are checked as well", async () => {
    const hub = await startHub();
    hub.mischief = ({ path }, response) =>
      path.endsWith("config.json") && Boolean(response.end('{"model_type":"LLAMA"}'));
    const wrong = { reason: "checksum", message: /config\.json has git-sha1/ };
    await expect(pullModel(repo, hub.options)).rejects.toMatchObject(wrong);
    await expect(findCached(repo, hub.options)).rejects.toMatchObject({ reason: "not-cached" });
  });

  it.each([sizeBytes - 1, sizeBytes + 1])("of another announced length (%i) end the pull", async (length) => {
    const hub = await startHub(modelFiles(sizeBytes));
    hub.mischief = firstTimes(always, (response) =>
      response.writeHead(200, { "content-length": length }).end(bytes(length)),
    );
    await expectError(hub, { reason: "checksum", message: new RegExp(`has ${length} bytes instead of 300000`) });
  });

  it("that go on behind the end, unannounced, end the pull", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    hub.mischief = firstTimes(always, (response, content) => {
      response.write(content);
      response.end("more");
    });
    await expectError(hub, { reason: "checksum", message: /at least 300004 bytes instead of 300000/ });
  });

  it("that end early, unannounced, are completed", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    hub.mischief = firstTimes(1, (response, content) => {
      response.write(content.subarray(0, 70_000));
      response.end();
    });
    await expectWhole(hub);
    expect(contentRanges(hub)).toEqual([null, "bytes=70000-299999"]);
  });

  it.each([
    ["damaged", bytes(100_000)],
    ["damaged and complete", bytes(sizeBytes)],
    ["too long", bytes(sizeBytes + 1)],
  ])("of an earlier pull that are %s are fetched again", async (_, partial) => {
    const hub = await startHub(modelFiles(sizeBytes));
    await leavePartial(hub, partial);
    const progress: number[] = [];
    const onEvent = (event: PullEvent) => event.type === "progress" && progress.push(event.doneBytes);
    await expectWhole(hub, { onEvent });
    expect(contentRanges(hub).at(-1)).toBe(null);
    expect(Math.max(...progress)).toBeLessThanOrEqual(sizeBytes + 24);
  });
});

describe("answers", () => {
  it.each([
    [429, () => "1", 1000, 1000],
    [503, () => new Date(Date.now() + 60_000).toUTCString(), 300, 300],
    [429, () => "3600", 300, 300],
  ])(
    "of %i with Retry-After are waited for, up to a limit (%#)",
    async (status, retryAfter, longestWaitMs, expected) => {
      const hub = await startHub(modelFiles(sizeBytes));
      hub.mischief = firstTimes(1, (response) => response.writeHead(status, { "retry-after": retryAfter() }).end());
      const retries: PullEvent[] = [];
      const patience = { ...hub.options.patience, longestWaitMs };
      const onEvent = (event: PullEvent) => event.type === "retry" && retries.push(event);
      const started = performance.now();
      await expectWhole(hub, { onEvent, patience });
      expect(retries).toEqual([{ type: "retry", what: weights, reason: `HTTP ${status}`, waitMs: expected }]);
      expect(performance.now() - started).toBeGreaterThanOrEqual(expected - 2);
    },
  );

  it("of 500 are tried again, a few times", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    hub.mischief = firstTimes(3, (response) => response.writeHead(500).end());
    await expectWhole(hub);
    const broken = await startHub(modelFiles(sizeBytes));
    broken.mischief = (_, response) => Boolean(response.writeHead(500).end());
    await expectError(broken, { reason: "server", message: /the listing: HTTP 500, 4 times in a row/ });
    expect(broken.requests.length).toBe(4);
  });

  it("of 403 by the content server mean an expired link: the hub gives a new one", async () => {
    const hub = await startHub(modelFiles(sizeBytes));
    hub.mischief = firstTimes(1, (response) => response.writeHead(403).end());
    await expectWhole(hub);
    expect(hub.downloads().filter(({ server, path }) => server === "hub" && path.endsWith(weights)).length).toBe(2);
  });

  it.each(["/loop", "file:///etc/passwd", "http://[bad"])(
    "that redirect to %s are not followed for ever",
    async (location) => {
      const hub = await startHub();
      hub.mischief = (_, response) => Boolean(response.writeHead(302, { location }).end());
      await expectError(hub, { reason: "server", message: /redirect/ });
      expect(hub.requests.length).toBeLessThan(10);
    },
  );

  it("that redirect a renamed repository are followed with the token", async () => {
    const hub = await startHub();
    hub.mischief = ({ path }, response) => {
      if (!path.includes("old-name")) return false;
      response.writeHead(307, { location: path.replace("old-name", "tiny-model") }).end();
      return true;
    };
    const { dir } = await pullModel("tester/old-name", { ...hub.options, token: "hf_secret" });
    expect(dir).toContain("models--tester--old-name");
    expect(new Set(hub.requests.filter(({ server }) => server === "hub").map((r) => r.authorization)).size).toBe(1);
  });
});

describe("a listing", () => {
  it.each([
    "../../x",
    "a/../../x.safetensors",
    "/etc/passwd",
    "C:/x.safetensors",
    "..\\x.safetensors",
    "model\0.safetensors",
    "a//b",
    "./config.json",
  ])("that names %j is refused", async (path) => {
    const hub = await startHub();
    hub.entries.push({ ...hub.entries[0]!, path });
    await expectError(hub, { reason: "bad-listing", code: "invalid-data", message: /leads out of the model's folder/ });
    expect(hub.downloads()).toEqual([]);
  });

  it.each([
    ["a hash that is a path", { oid: "../../../x" }],
    ["no hash", { oid: undefined }],
    ["a negative size", { size: -1 }],
    ["a size that is none", { size: "big" }],
    ["no name", { path: undefined }],
  ])("with %s is refused", async (_, change) => {
    const hub = await startHub();
    hub.entries.push({ ...hub.entries[0]!, ...change } as never);
    await expectError(hub, { reason: "bad-listing" });
    expect(hub.downloads()).toEqual([]);
  });

  it.each(["not JSON", "null", '{"sha":"../../.."}', '{"sha":17}'])("or a commit of %j is refused", async (body) => {
    const hub = await startHub();
    hub.mischief = ({ path }, response) => path.includes("/revision/") && Boolean(response.end(body));
    await expectError(hub, { reason: "bad-listing" });
  });

  it("that breaks off is asked for again", async () => {
    const hub = await startHub();
    let left = 2;
    hub.mischief = async ({ path }, response) => {
      if (!path.includes("/tree/") || left-- <= 0) return false;
      response.writeHead(200, { "content-length": 5000 });
      await new Promise((done) => response.write("[{", done));
      response.destroy();
      return true;
    };
    await expectWhole(hub);
  });
});
