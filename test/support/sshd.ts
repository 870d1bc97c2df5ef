// A real OpenSSH server on a port of its own, with keys made for the test: nothing of the machine's own configuration counts.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

const places = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"];

/** Path of the server, or undefined. `REQUIRE_DEVICES=sshd` makes its absence an error instead of a skip. */
export const sshdPath = places.find((place) => existsSync(place));

if (sshdPath === undefined && process.env.REQUIRE_DEVICES?.includes("sshd")) {
  throw new Error("REQUIRE_DEVICES asks for sshd, but none was found; install openssh-server");
}

/** For the title of a test that skips. */
export const noSshd = "needs sshd: apt-get install openssh-server";

/** A running server. */
export interface Sshd {
  port: number;
  user: string;
  /** Private keys: one that is let in, a second one with a passphrase ("secret"), and a stranger's. */
  keys: { good: string; locked: string; stranger: string };
  /** A known_hosts file with the server's ed25519 key, and the line itself. */
  knownHosts: string;
  hostKey: { type: string; key: string; fingerprint: string };
  /** Where commands begin, instead of the user's home. */
  home: string;
  /** Ends the connections, as a network that breaks does. */
  drop(): void;
  close(): void;
}

/** Starts a server. */
export async function startSshd(): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), "handheld-sshd-"));
  const make = (name: string, type: string, passphrase = "") => {
    const path = join(folder, name);
    execFileSync("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", name, "-f", path]);
    return path;
  };
  const [ed25519, ecdsa] = [make("host-ed25519", "ed25519"), make("host-ecdsa", "ecdsa")];
  const keys = {
    good: make("good", "ed25519"),
    locked: make("locked", "ecdsa", "secret"),
    stranger: make("stranger", "ed25519"),
  };
  const publicKeys = [keys.good, keys.locked].map((key) => readFileSync(`${key}.pub`, "utf8"));
  writeFileSync(join(folder, "authorized_keys"), publicKeys.join(""), { mode: 0o600 });
  const port = await freePort();
  const home = join(folder, "home");
  mkdirSync(home);
  const config = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${ecdsa}`,
    `HostKey ${ed25519}`,
    `AuthorizedKeysFile ${join(folder, "authorized_keys")}`,
    `PidFile ${join(folder, "pid")}`,
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "UsePAM no",
    "StrictModes no",
    "PermitRootLogin yes",
    `ForceCommand cd ${home} && eval "$SSH_ORIGINAL_COMMAND"`,
  ];
  writeFileSync(join(folder, "config"), `${config.join("\n")}\n`);
  if (userInfo().uid === 0) mkdirSync("/run/sshd", { recursive: true }); // its privilege separation wants it
  const log = join(folder, "log");
  const server: ChildProcess = spawn(sshdPath!, ["-D", "-f", join(folder, "config"), "-E", log], { stdio: "ignore" });
  const readLog = () => (existsSync(log) ? readFileSync(log, "utf8") : "");
  for (let i = 0; i < 200 && !readLog().includes("Server listening"); i++) await new Promise((r) => setTimeout(r, 50));
  const [type, key] = readFileSync(`${ed25519}.pub`, "utf8").split(" ") as [string, string];
  const knownHosts = join(folder, "known_hosts");
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${type} ${key}\n`);
  const printed = execFileSync("ssh-keygen", ["-l", "-f", `${ed25519}.pub`], { encoding: "utf8" });
  return {
    ...{ port, keys, knownHosts },
    user: userInfo().username,
    hostKey: { type, key, fingerprint: printed.split(" ")[1]! },
    home,
    drop() {
      for (const pid of children(server.pid!)) process.kill(pid, "SIGKILL");
    },
    close() {
      server.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function children(pid: number): number[] {
  const listed = execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  return listed.trim().split(/\s+/).map(Number);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
