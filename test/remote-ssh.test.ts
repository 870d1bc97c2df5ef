// The ssh device against a real OpenSSH server: jobs in another process, host keys known, unknown and changed, our keys taken
// and refused, Node that is not there, a connection that breaks.
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JobEvent } from "../src/remote/device.ts";
import { openDevice } from "../src/remote/node/open.ts";
import { parseSshName } from "../src/remote/node/ssh/address.ts";
import type { SshOptions } from "../src/remote/node/ssh/connect.ts";
import { noSshd, type Sshd, sshdPath, startSshd } from "./support/sshd.ts";

const tiny = { layers: 2, width: 64, ffnWidth: 128, heads: 2, vocabulary: 256, context: 128 };
const quick = { prompt: 8, context: 8, repeats: 1, repeatSeconds: 0.001, threads: 1 };

describe.skipIf(sshdPath === undefined)(`ssh (${noSshd})`, () => {
  let sshd: Sshd;
  let folder: string;
  let options: SshOptions;
  beforeAll(async () => {
    sshd = await startSshd();
    folder = mkdtempSync(join(tmpdir(), "handheld-ssh-"));
    options = { knownHosts: [sshd.knownHosts], identities: [sshd.keys.good], agent: null };
  });
  afterAll(() => {
    sshd?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  // The path names this process's Node: the machine's own may be too old.
  const name = () => `ssh:${sshd.user}@127.0.0.1:${sshd.port}${process.execPath}`;
  const open = (change: SshOptions = {}, node = process.execPath) =>
    openDevice(`ssh:${sshd.user}@127.0.0.1:${sshd.port}${node}`, { ssh: { ...options, ...change } });
  const failing = (change: SshOptions = {}, node?: string) =>
    open(change, node).then(
      () => expect.fail("it opened"),
      (error) => error,
    );

  it("runs jobs in Node over there, with events, and leaves nothing running", async () => {
    const device = await open();
    expect(device.name).toBe(name());
    const events: JobEvent[] = [];
    const onEvent = (event: JobEvent) => void events.push(event);
    const { rows, threads } = await device.run("measure", { ...quick, specs: [tiny, tiny] }, { onEvent });
    expect(threads).toBe(1);
    expect(rows.map(({ measured }) => measured!.decodeTokensPerSecond > 10)).toEqual([true, true]);
    expect(events.filter(({ type }) => type === "part")).toHaveLength(2);
    const { profile } = await device.run("probe", { budgetSeconds: 0 });
    expect(profile.runtime).toEqual({ name: "node", version: process.versions.node });
    await expect(device.run("measure", { specs: [{ ...tiny, heads: 3 }] })).rejects.toMatchObject({
      code: "invalid-data",
    });
    await device.close();
    await expect.poll(runners).toEqual([]);
    expect(readdirSync(join(sshd.home, ".cache/handheld"))).toEqual([
      expect.stringMatching(/^runner-[0-9a-f]{16}\.mjs$/),
    ]);
  });

  it("ends a job by its signal", async () => {
    const device = await open();
    const stop = new AbortController();
    const onEvent = () => stop.abort();
    const running = device.run("measure", { ...quick, specs: [tiny, tiny] }, { signal: stop.signal, onEvent });
    await expect(running).rejects.toMatchObject({ code: "aborted" });
    await device.close();
  });

  it("says when the connection breaks, and keeps the parts that came", async () => {
    const device = await open();
    const onEvent = (event: JobEvent) => void (event.type === "part" && sshd.drop());
    const specs = Array(64).fill(tiny);
    const error = await device.run("measure", { ...quick, repeats: 20, specs }, { onEvent }).catch((caught) => caught);
    expect(error).toMatchObject({ name: "DeviceError", problem: "lost" });
    expect(error.parts.length).toBeGreaterThan(0);
    expect(error.parts[0]).toMatchObject({ index: 0, problem: null });
    await device.close();
    await expect.poll(runners).toEqual([]);
  });

  it("refuses a host whose key is not known, and accepts it by its fingerprint", async () => {
    const error = await failing({ knownHosts: [] });
    expect(error).toMatchObject({ name: "DeviceError", problem: "host-key" });
    expect(error.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect(error.message).toContain(error.fingerprint);
    const device = await open({ knownHosts: [], acceptHostKey: error.fingerprint });
    await device.close();
    const other = await failing({ knownHosts: [], acceptHostKey: "SHA256:nothing" });
    expect(other.message).toMatch(/is not in known_hosts, and it is not SHA256:nothing/);
  });

  it("refuses a host whose key is another than the known one, even if it is to be accepted", async () => {
    const file = join(folder, "changed");
    const other = execFileSync("ssh-keygen", ["-y", "-f", sshd.keys.stranger], { encoding: "utf8" });
    writeFileSync(file, `# a comment\n[127.0.0.1]:${sshd.port} ${other}`);
    const error = await failing({ knownHosts: [file], acceptHostKey: sshd.hostKey.fingerprint });
    expect(error).toMatchObject({ problem: "host-key", fingerprint: sshd.hostKey.fingerprint });
    expect(error.message).toMatch(/is not the one in line 2 of known_hosts/);
  });

  it("reads hashed names and revoked keys, as ssh-keygen writes them", async () => {
    const file = join(folder, "hashed");
    writeFileSync(file, `[127.0.0.1]:${sshd.port} ${sshd.hostKey.type} ${sshd.hostKey.key}\n`);
    execFileSync("ssh-keygen", ["-q", "-H", "-f", file], { stdio: "ignore" });
    const device = await open({ knownHosts: [file] });
    await device.close();
    writeFileSync(file, `@revoked * ${sshd.hostKey.type} ${sshd.hostKey.key}\n`);
    expect((await failing({ knownHosts: [file], acceptHostKey: sshd.hostKey.fingerprint })).message).toMatch(/revoked/);
  });

  it("shows only keys that are let in: a stranger's is refused, a locked one needs its passphrase", async () => {
    const refused = await failing({ identities: [sshd.keys.stranger] });
    expect(refused).toMatchObject({ problem: "refused", message: expect.stringMatching(/does not let .* in/) });
    expect(await failing({ identities: [sshd.keys.locked] })).toMatchObject({ problem: "refused" });
    const device = await open({ identities: [sshd.keys.stranger, sshd.keys.locked], passphrase: "secret" });
    await device.close();
  });

  it("asks the agent", async () => {
    const socket = join(folder, "agent");
    const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    await expect.poll(() => readdirSync(folder)).toContain("agent");
    execFileSync("ssh-add", ["-q", sshd.keys.good], {
      env: { ...process.env, SSH_AUTH_SOCK: socket },
      stdio: "ignore",
    });
    const device = await open({ identities: [], agent: socket });
    await device.close();
    agent.kill();
  });

  it("says what is missing: Node, a newer one, a program that is our runner", async () => {
    const none = await failing({}, "/nowhere/node");
    expect(none).toMatchObject({ problem: "missing" });
    expect(none.message).toMatch(
      /there is no Node that "\/nowhere\/node" starts \(.*(not found|No such file).*install Node 22/i,
    );
    const script = (text: string) => {
      const file = join(folder, "it's a node");
      writeFileSync(file, `#!/bin/sh\n${text}\n`);
      chmodSync(file, 0o755);
      return file;
    };
    expect((await failing({}, script("echo v18.2.0"))).message).toMatch(/Node v18\.2\.0 is too old; Node 22/);
    const chatty = script('test "$1" = --version && echo v22.0.0 || echo "Welcome to the board"');
    expect(await failing({}, chatty)).toMatchObject({ problem: "invalid-reply" });
    const mute = script('test "$1" = --version && echo v22.0.0 || { echo "out of disk" >&2; exit 3; }');
    expect((await failing({}, mute)).message).toMatch(/the job runner ended with 3: out of disk$/);
  });

  it("says when nobody answers", async () => {
    const nobody = openDevice("ssh:x@127.0.0.1:1", { ssh: options });
    await expect(nobody).rejects.toMatchObject({ name: "DeviceError", problem: "unreachable" });
  });
});

it("stops connecting to a host that says nothing when the signal says so", async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as { port: number };
  const ssh = { knownHosts: [], identities: [], agent: null };
  const opening = openDevice(`ssh:x@127.0.0.1:${port}`, { ssh, signal: AbortSignal.timeout(100) });
  await expect(opening).rejects.toMatchObject({ code: "aborted" });
  const patient = openDevice(`ssh:x@127.0.0.1:${port}`, { ssh: { ...ssh, connectSeconds: 0.2 } });
  await expect(patient).rejects.toMatchObject({ problem: "unreachable" });
  silent.close();
});

it.each([
  ["ssh:pi@board", { user: "pi", host: "board", port: 22, node: null }],
  ["ssh:pi@board:2222/opt/node 22/bin/node", { user: "pi", host: "board", port: 2222, node: "/opt/node 22/bin/node" }],
  ["ssh:pi@[fe80::1]:22", { user: "pi", host: "fe80::1", port: 22, node: null }],
  ["ssh:board.local/n", { user: userInfo().username, host: "board.local", port: 22, node: "/n" }],
])("%s", (text, address) => {
  expect(parseSshName(text)).toEqual(address);
});

it.each(["ssh:", "ssh:@board", "ssh:pi@", "ssh:pi@board:0", "ssh:pi@board:99999", "ssh:-x", "ssh:pi@-oX=y", "ssh:a b"])(
  "%s is no address",
  (text) => {
    expect(() => parseSshName(text)).toThrow(/it must be ssh:user@host/);
  },
);

/** Processes of job runners on this machine that sshd started. */
function runners(): string[] {
  const all = execFileSync("ps", ["-eo", "args="], { encoding: "utf8" }).split("\n");
  return all.filter((line) => /^\S*node\S* \.cache\/handheld\/runner-/.test(line));
}
