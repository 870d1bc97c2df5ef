// An adb server with phones that are folders of this machine. It speaks the protocol over a real socket: the host services
// (version, devices-l, tport, features …), shell,v2 and reverse: of a transport. Commands run in a real shell, where `run-as`,
// `am` and the paths of a phone are those of the folder.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A phone of the server. */
export interface FakePhone {
  serial: string;
  state?: "device" | "unauthorized" | "offline";
  model?: string;
  /** With Termux and Node in it: the path of that Node. */
  node?: string;
  /** What `am` does with the address; an Error's message is what it prints. */
  open?: (url: string) => void;
  /** What `am` prints instead of opening a page. */
  amFails?: string;
  /** What `dumpsys battery` prints. */
  battery?: string;
  /** What the phone answers to forwarding. */
  reverseFails?: string;
}

/** A running server. */
export interface FakeAdb {
  port: number;
  /** Services asked for, oldest first. */
  readonly log: string[];
  /** Forwarded ports that are open, as the phone has them. */
  readonly forwarded: Set<string>;
  /** Breaks every connection, as pulling the cable does. */
  unplug(): void;
  close(): Promise<void>;
}

/** Starts a server. */
export async function startFakeAdb(phones: FakePhone[]): Promise<FakeAdb> {
  const sockets = new Set<Socket>();
  const log: string[] = [];
  const forwarded = new Set<string>();
  const folders = new Map(phones.map((phone) => [phone.serial, makePhone(phone)]));
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    const state = { phones, folders, log, forwarded };
    serve(new Wire(socket), state).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const unplug = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    log,
    forwarded,
    unplug,
    async close() {
      unplug();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      for (const folder of folders.values()) rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface State {
  phones: FakePhone[];
  folders: Map<string, string>;
  log: string[];
  forwarded: Set<string>;
}

/** A folder with what a phone's shell has. `am` tells the test by a file. */
function makePhone({ node, amFails, battery }: FakePhone): string {
  const folder = mkdtempSync(join(tmpdir(), "handheld-phone-"));
  const [bin, termux, tmp] = ["bin", "termux/files/usr/bin", "tmp"].map((path) => join(folder, path)) as [
    string,
    string,
    string,
  ];
  for (const path of [bin, termux, tmp]) mkdirSync(path, { recursive: true });
  const script = (name: string, text: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  if (node) symlinkSync(node, join(termux, "node"));
  // As Android's: runs a command as the app, in the app's folder; without the app it says so.
  const known = node
    ? `shift; cd ${join(folder, "termux")}; exec "$@"`
    : 'echo "run-as: unknown package: $1" >&2; exit 1';
  script("run-as", known);
  if (battery !== undefined) script("dumpsys", `cat <<'END'\n${battery}\nEND`);
  const opened = `while [ $# -gt 1 ]; do [ "$1" = -d ] && printf %s "$2" > ${join(folder, "opened")}; shift; done`;
  script("am", amFails ? `echo "Starting: Intent"; echo "${amFails}"` : `${opened}; echo "Starting: Intent"`);
  return folder;
}

async function serve(wire: Wire, state: State): Promise<void> {
  const service = await wire.request();
  state.log.push(service);
  const simple: Record<string, () => string> = {
    "host:version": () => "0029",
    "host:host-features": () => "shell_v2,cmd",
    "host:devices-l": () => state.phones.map(describe).join(""),
  };
  if (Object.hasOwn(simple, service)) return wire.answer(simple[service]!());
  if (/^host-transport-id:\d+:wait-for-any-disconnect$/.test(service)) {
    wire.write("OKAY"); // and once more when it is gone, which closing the socket stands for
    return;
  }
  const byId = /^host:transport-id:(\d+)$/.exec(service)?.[1];
  const bySerial = /^host:tport:serial:(.*)$/.exec(service)?.[1];
  const found = state.phones.findIndex((phone, i) => String(i + 1) === byId || phone.serial === bySerial);
  if (found === -1) return wire.fail(`unknown host service '${service}'`);
  wire.write("OKAY");
  if (bySerial !== undefined) wire.write(Buffer.of(found + 1, 0, 0, 0, 0, 0, 0, 0));
  return serveDevice(wire, state.phones[found]!, state);
}

function describe({ serial, state = "device", model = "Phone" }: FakePhone, i: number): string {
  return `${serial.padEnd(22)} ${state} usb:1-1 product:p model:${model} device:d transport_id:${i + 1}\n`;
}

async function serveDevice(wire: Wire, phone: FakePhone, state: State): Promise<void> {
  const service = await wire.request();
  state.log.push(service);
  if (service === "host:features") return wire.answer("shell_v2,cmd,stat_v2");
  const shell = /^shell,v2,raw:(.*)$/s.exec(service)?.[1];
  if (shell !== undefined) return runShell(wire, shell, phone, state.folders.get(phone.serial)!);
  const forward = /^reverse:forward:(tcp:\d+);(tcp:\d+)$/.exec(service);
  const killed = /^reverse:killforward:(tcp:\d+)$/.exec(service)?.[1];
  if (forward === null && killed === undefined) return wire.fail(`closed`);
  wire.write("OKAY");
  if (phone.reverseFails) return wire.fail(phone.reverseFails);
  wire.write("OKAY");
  if (forward) {
    state.forwarded.add(forward[1]!);
    wire.write(withLength(forward[1]!.slice(4)));
  } else state.forwarded.delete(killed!);
  wire.end();
}

// shell,v2: packets of a kind (0 stdin, 1 stdout, 2 stderr, 3 exit, 4 close stdin), a length and bytes, both ways.
async function runShell(wire: Wire, command: string, phone: FakePhone, folder: string): Promise<void> {
  wire.write("OKAY");
  const placed = command.replaceAll("/data/local/tmp", join(folder, "tmp"));
  const child: ChildProcessWithoutNullStreams = spawn("sh", ["-c", placed], {
    env: { PATH: `${join(folder, "bin")}:/usr/bin:/bin`, HOME: folder },
    cwd: folder,
  });
  const packet = (kind: number, bytes: Buffer) => {
    const head = Buffer.alloc(5);
    head[0] = kind;
    head.writeUInt32LE(bytes.length, 1);
    wire.write(Buffer.concat([head, bytes]));
  };
  child.stdin.on("error", () => {});
  child.stdout.on("data", (bytes: Buffer) => packet(1, bytes));
  child.stderr.on("data", (bytes: Buffer) => packet(2, bytes));
  child.on("close", (code) => {
    const url = /^am .* -d '(.*)'$/.exec(command)?.[1];
    if (url && !phone.amFails) phone.open?.(url);
    packet(3, Buffer.of(code ?? 137));
    wire.end();
  });
  wire.onClose(() => child.kill("SIGHUP"));
  for (;;) {
    const head = await wire.read(5);
    const bytes = await wire.read(head.readUInt32LE(1));
    if (head[0] === 0) child.stdin.write(bytes);
    if (head[0] === 4) child.stdin.end();
  }
}

/** A socket with reads of a length. */
class Wire {
  private readonly socket: Socket;
  private buffer = Buffer.alloc(0);
  private wake = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (piece: Buffer) => {
      this.buffer = Buffer.concat([this.buffer, piece]);
      this.wake();
    });
    socket.on("close", () => this.wake());
  }

  async read(length: number): Promise<Buffer> {
    while (this.buffer.length < length) {
      if (this.socket.destroyed) throw new Error("the client has gone");
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    const bytes = this.buffer.subarray(0, length);
    this.buffer = this.buffer.subarray(length);
    return bytes;
  }

  /** A service's name: four hexadecimal digits of its length, then itself. */
  async request(): Promise<string> {
    const length = Number.parseInt((await this.read(4)).toString(), 16);
    return (await this.read(length)).toString();
  }

  write(bytes: string | Buffer): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }
  answer(text: string): void {
    this.write(`OKAY${withLength(text)}`);
    this.end();
  }
  fail(reason: string): void {
    this.write(`FAIL${withLength(reason)}`);
    this.end();
  }
  end(): void {
    this.socket.end();
  }
  onClose(listener: () => void): void {
    this.socket.on("close", listener);
  }
}

function withLength(text: string): string {
  return `${Buffer.byteLength(text).toString(16).padStart(4, "0")}${text}`;
}
