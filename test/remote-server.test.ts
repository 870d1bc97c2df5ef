// The phone page's server over real HTTP, with pages that behave, pages that lie and strangers: tokens, origins, hosts, sizes,
// order of replies, reloads, absence, several phones one after the other, https.
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import type { Device } from "../src/remote/device.ts";
import { createPhoneServer, type PhoneServer, type PhoneServerOptions } from "../src/remote/node/phone/server.ts";
import { ask, PageClient, secret } from "./support/page-client.ts";

const open: PhoneServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

/** A server that waits for a phone. */
async function invite(options: PhoneServerOptions = {}) {
  const server = await createPhoneServer({ port: 0, host: "127.0.0.1", ...options });
  open.push(server);
  return { server, ...next(server) };
}

function next(server: PhoneServer) {
  let link = "";
  const accepted = server.accept({ onInvite: ({ url }) => (link = url) });
  accepted.catch(() => {}); // a test that lets nobody in ends it by closing
  return { link, accepted };
}

/** A server with a phone that has joined. */
async function joined(options: PhoneServerOptions = {}) {
  const { server, link, accepted } = await invite(options);
  const page = new PageClient(link);
  expect((await page.join()).status).toBe(200);
  return { server, page, device: await accepted };
}

const spec = { layers: 2, width: 64, ffnWidth: 128, heads: 2, vocabulary: 256 };
const measured = { decodeTokensPerSecond: 5, prefillTokensPerSecond: 9, spread: 0.1, sizeBytes: 99 };
const part = (index: number) => ({ type: "part", id: 1, value: { index, measured, problem: null } });
const result = {
  type: "result",
  id: 1,
  value: { threads: 8, simd: "relaxed", rows: [{ index: 0, measured, problem: null }] },
};

/** A job that runs; its error is a value. */
function start(device: Device, seen: unknown[] = []) {
  const onEvent = (event: unknown) => void seen.push(event);
  return device.run("measure", { specs: [spec] }, { onEvent }).catch((error) => error);
}

describe("a page that behaves", () => {
  it("joins, fetches the job, hands over parts and result, and hears the end", async () => {
    const { page, device, server } = await joined();
    expect(device.name).toBe("phone (android, chrome 140)");
    expect(device.notes).toEqual([]);
    const seen: unknown[] = [];
    const running = start(device, seen);
    const { body } = await page.commands();
    expect(body.commands).toEqual([{ type: "run", id: 1, job: "measure", params: { specs: [spec] } }]);
    expect((await page.send([part(0), { type: "progress", id: 1, done: 1, total: 1, note: "" }])).body.received).toBe(
      2,
    );
    expect((await page.send([result])).body.received).toBe(3);
    expect(await running).toEqual(result.value);
    expect(seen).toMatchObject([{ type: "part" }, { type: "progress", done: 1 }]);
    const asked = page.commands();
    await server.close();
    expect((await asked).body.commands).toMatchObject([{ type: "close" }]);
  });

  it("may send again what it is not sure about: nothing counts twice, and what is missing is asked for", async () => {
    const { page, device } = await joined();
    const seen: unknown[] = [];
    const running = start(device, seen);
    await page.send([part(0), part(1)], 1);
    expect((await page.send([part(0), part(1), part(2)], 1)).body.received).toBe(3);
    expect(await page.send([result], 5)).toMatchObject({
      status: 409,
      body: { error: { code: "gap" }, received: 3 },
    });
    expect(seen).toHaveLength(3);
    await page.send([result], 4);
    expect(await running).toEqual(result.value);
  });

  it("may join again when the answer was lost, with the token that is used up", async () => {
    const { page, device } = await joined();
    expect((await page.join()).body).toEqual({ received: 0 });
    const running = start(device);
    await page.send([result]);
    expect(await running).toEqual(result.value);
  });

  it("that was thrown away and loaded again gets its job again, behind what came of it", async () => {
    const { page, device } = await joined();
    const seen: unknown[] = [];
    const running = start(device, seen);
    await page.commands();
    await page.send([part(0)]);
    const old = page.boot;
    page.reload();
    expect((await page.join()).body).toEqual({ received: 0 });
    const earlier = [part(0).value];
    expect((await page.commands()).body.commands).toMatchObject([{ type: "run", id: 1, params: { earlier } }]);
    expect(seen.at(-1)).toEqual({ type: "restarted", parts: 1 });
    const stale = await page.post("/api/replies", { boot: old, from: 1, replies: [result] });
    expect(stale).toMatchObject({ status: 410, body: { error: { code: "ended" } } });
    await page.send([result]);
    expect(await running).toEqual(result.value);
  });

  it("hears that its job is to end", async () => {
    const { page, device } = await joined();
    const stop = new AbortController();
    const running = device.run("probe", {}, { signal: stop.signal }).catch((error) => error);
    await page.commands();
    const asked = page.commands();
    stop.abort();
    expect((await asked).body.commands).toEqual([{ type: "abort", id: 1 }]);
    await page.send([{ type: "error", id: 1, error: { code: "aborted", message: "stopped" } }]);
    expect((await running).code).toBe("aborted");
  });
});

describe("several phones, one after the other", () => {
  it("each has its own link; one at a time", async () => {
    const { server, page, device } = await joined();
    await expect(server.accept({ onInvite: () => {} })).rejects.toMatchObject({ code: "invalid-option" });
    const goodbye = page.commands();
    await device.close();
    expect((await goodbye).body.commands).toMatchObject([{ type: "close" }]);
    expect((await page.commands()).status).toBe(410);
    const second = next(server);
    const other = new PageClient(second.link);
    expect(other.token).not.toBe(page.token);
    expect((await other.join()).status).toBe(200);
    const running = start(await second.accepted);
    expect((await page.send([result])).status).toBe(401);
    await other.send([result]);
    expect(await running).toEqual(result.value);
  });

  it("waiting ends by the signal and by closing the server", async () => {
    const { server, accepted } = await invite();
    await server.close();
    await expect(accepted).rejects.toMatchObject({ code: "aborted" });
    const again = await createPhoneServer({ port: 0, host: "127.0.0.1" });
    open.push(again);
    const stop = new AbortController();
    const waiting = again.accept({ signal: stop.signal, onInvite: () => {} });
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("a phone that goes away", () => {
  it("ends its job after a while, with the parts that came", async () => {
    const { page, device } = await joined({ awaySeconds: 0.4 });
    const running = start(device);
    await page.commands();
    await page.send([part(0), part(1)]);
    const error = await running;
    expect(error).toMatchObject({ name: "DeviceError", problem: "lost", parts: [{ index: 0 }, { index: 1 }] });
    expect(error.message).toMatch(
      /^phone \(android, chrome 140\): nothing was heard of it for \d+ s; keep its screen on/,
    );
  });

  it("is waited for as long as it asks for commands, however long it computes", async () => {
    const { page, device } = await joined({ awaySeconds: 0.6 });
    const running = start(device);
    const until = performance.now() + 1500;
    while (performance.now() < until) expect((await page.commands()).status).toBe(200);
    await page.send([result]);
    expect(await running).toEqual(result.value);
  });
});

describe("what lies is refused", () => {
  it.each([
    ["a wrong token", { token: secret() }, 403, "token"],
    ["no token", { token: null }, 401, "session"],
    ["a token that is none", { token: "../../etc/passwd" }, 400, "invalid"],
    ["a key that can be guessed", { key: "1" }, 400, "invalid"],
    ["facts of another shape", { page: { cores: 1e9 } }, 400, "invalid"],
    ["further fields", { admin: true }, 400, "invalid"],
  ])("joining with %s", async (_, change, status, code) => {
    const { link, accepted } = await invite();
    const page = new PageClient(link);
    expect(await page.join(change)).toMatchObject({ status, body: { error: { code } } });
    expect((await page.join()).status).toBe(200); // and the link is still good
    expect((await accepted).name).toMatch(/^phone/);
  });

  it("a token that was used by another page", async () => {
    const { page, device } = await joined();
    const thief = new PageClient(`${page.origin}/#${page.token}`);
    expect(await thief.join()).toMatchObject({ status: 403, body: { error: { code: "token" } } });
    expect((await thief.commands()).status).toBe(401);
    expect((await thief.send([result])).status).toBe(401);
    const running = start(device);
    await page.send([result]);
    expect(await running).toEqual(result.value);
  });

  it.each([
    ["another site", { origin: "https://evil.example" }],
    ["a page that says no origin", { origin: "null" }],
    ["the same host at another port", { origin: "http://127.0.0.1:1" }],
    ["a browser that says cross-site", { "sec-fetch-site": "cross-site" }],
  ])("requests of %s", async (_, headers) => {
    const { link } = await invite();
    const page = new PageClient(link);
    expect(await page.join({}, headers)).toMatchObject({ status: 403, body: { error: { code: "origin" } } });
  });

  it("requests for a name that was rebound to this address", async () => {
    const { link } = await invite();
    const page = new PageClient(link);
    for (const host of ["evil.example", `evil.example:${new URL(link).port}`, "localhost:1", "localhost"]) {
      const answer = await ask(`${page.origin}/`, { headers: { host } });
      expect([answer.status, host]).toEqual([421, host]);
    }
    const origin = `http://evil.example:${new URL(link).port}`;
    const joining = await page.join({}, { host: new URL(origin).host, origin });
    expect(joining).toMatchObject({ status: 421, body: { error: { code: "host" } } });
  });

  it("bodies that are too large: by their length before they are read, and by what comes", async () => {
    const { page } = await joined();
    const huge = "x".repeat(100 * 2 ** 20);
    const said = await page.post("/api/replies", "", { "content-length": String(huge.length) });
    expect(said).toMatchObject({ status: 413, body: { error: { code: "too-large" } } });
    const { port } = new URL(page.origin);
    // Without a length, and without an end: the server must end it.
    const head = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), "127.0.0.1");
      let answered = "";
      socket.on("data", (piece) => (answered += piece));
      socket.on("error", () => {});
      socket.on("close", () => resolve(answered));
      socket.write(
        `POST /api/replies HTTP/1.1\r\nhost: localhost:${port}\r\norigin: ${page.origin}\r\n` +
          `authorization: Bearer ${page.key}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
      );
      const piece = `100000\r\n${"x".repeat(2 ** 20)}\r\n`;
      const pump = (error?: Error | null): void => void (error || socket.write(piece, pump));
      pump();
    });
    expect(head).toMatch(/^HTTP\/1\.1 413 /);
  });

  it("bodies that are no JSON, of another type, of another shape", async () => {
    const { page } = await joined();
    expect(await page.post("/api/replies", "{")).toMatchObject({ status: 400, body: { error: { code: "not-json" } } });
    const plain = await page.post("/api/replies", "{}", { "content-type": "text/plain" });
    expect(plain).toMatchObject({ status: 415, body: { error: { code: "content-type" } } });
    for (const from of [0, -1, 1.5, 1e300, "1", null]) {
      const answer = await page.post("/api/replies", { boot: page.boot, from, replies: [] });
      expect(answer).toMatchObject({ status: 400, body: { error: { code: "invalid" } } });
    }
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    expect((await page.post("/api/replies", deep)).status).toBe(400);
  });

  it("a result that cannot be: the job ends, the page is told", async () => {
    const { page, device } = await joined();
    const running = start(device);
    const fast = { ...measured, decodeTokensPerSecond: 1e30 };
    const lie = { ...result, value: { ...result.value, rows: [{ index: 0, measured: fast, problem: null }] } };
    const answer = await page.send([part(0), lie]);
    expect(answer).toMatchObject({ status: 400, body: { error: { code: "invalid" } } });
    expect(answer.body.error.message).toMatch(/rows\.0\.measured\.decodeTokensPerSecond/);
    expect(await running).toMatchObject({ problem: "invalid-reply", parts: [{ index: 0 }] });
  });

  it("paths that are not the page's", async () => {
    const { link } = await invite();
    const { origin } = new URL(link);
    for (const path of ["/package.json", "/..%2f..%2fpackage.json", "/constructor", "/api/", "/api/join"]) {
      expect([path, (await ask(`${origin}${path}`)).status]).toEqual([path, 404]);
    }
    expect((await ask(`${origin}/`, { method: "DELETE" })).status).toBe(405);
    expect((await ask(`${origin}/api/commands?after=0&boot=x`)).status).toBe(400);
  });
});

it("serves the page isolated, without foreign scripts, and not to be kept", async () => {
  const { link } = await invite();
  const { origin } = new URL(link);
  for (const path of [
    "/",
    "/page.js",
    "/job-worker.js",
    "/worker.js",
    "/handheld-relaxed-threads.wasm",
    "/style.css",
  ]) {
    const { status, headers } = await ask(`${origin}${path}`);
    expect([path, status]).toEqual([path, 200]);
    expect(headers).toMatchObject({
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "content-security-policy": expect.stringMatching(/^default-src 'none'/),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
  }
});

it("says so when its port is taken", async () => {
  const { server } = await invite();
  const taken = createPhoneServer({ port: server.port, host: "127.0.0.1" });
  await expect(taken).rejects.toMatchObject({ code: "io", message: expect.stringMatching(/it is in use/) });
});

it("with https shows the certificate whose fingerprint it printed, for the addresses of this machine", async () => {
  const server = await createPhoneServer({ port: 0, host: "127.0.0.1", https: true });
  open.push(server);
  let invitation = { url: "", fingerprint: null as string | null };
  server.accept({ onInvite: (made) => (invitation = made) }).catch(() => {});
  const peer = await new Promise<{ fingerprint: string; names: string; valid: string }>((resolve, reject) => {
    const socket = connectTls({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      const { fingerprint256, subjectaltname, valid_to } = socket.getPeerCertificate();
      resolve({ fingerprint: fingerprint256, names: subjectaltname!, valid: valid_to });
      socket.end();
    });
    socket.on("error", reject);
  });
  expect(invitation.url).toMatch(/^https:\/\/localhost:\d+\/#[0-9a-f]{32}$/);
  expect(peer.fingerprint).toBe(invitation.fingerprint);
  expect(peer.names).toMatch(/DNS:localhost.*IP Address:127\.0\.0\.1/);
  expect(new Date(peer.valid).getTime()).toBeGreaterThan(Date.now() + 20 * 24 * 3600 * 1000);
});
