// Opens an ssh connection: checks the host's key against known_hosts, then shows who we are by the agent and the usual key
// files. ~/.ssh/config is not read.
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { AnyAuthMethod, Client, ConnectConfig, ServerHostKeyAlgorithm } from "ssh2";
import { HandheldError } from "../../../errors.ts";
import { DeviceError } from "../../errors.ts";
import type { SshAddress } from "./address.ts";
import { findKnownKeys, fingerprintOf, type KnownKey, typeOfKey } from "./known-hosts.ts";

/** How we get in. */
export interface SshOptions {
  /** Files like ~/.ssh/known_hosts, which is the default. */
  knownHosts?: readonly string[] | undefined;
  /** Private keys. Default: ~/.ssh/id_ed25519, id_ecdsa and id_rsa, those that are there. */
  identities?: readonly string[] | undefined;
  /** For private keys that are encrypted. */
  passphrase?: string | undefined;
  /** Socket of an agent. Default: SSH_AUTH_SOCK; null for none. */
  agent?: string | null | undefined;
  /** Fingerprint (`SHA256:…`) of a host key to accept though known_hosts has none for the host. */
  acceptHostKey?: string | undefined;
  /** Seconds until connecting fails. Default 20. */
  connectSeconds?: number | undefined;
  /** Ends the connecting. */
  signal?: AbortSignal | undefined;
}

/**
 * Connects.
 *
 * @throws DeviceError `unreachable`, `host-key` (with the fingerprint), `refused` when no key of ours is taken
 */
export async function connectSsh(name: string, address: SshAddress, options: SshOptions = {}): Promise<Client> {
  const { signal } = options;
  const known = await knownKeys(address, options);
  let hostProblem: DeviceError | null = null;
  const config = {
    ...(await configOf(address, options, known)),
    hostVerifier: (key: Buffer) => {
      hostProblem = checkHostKey(name, key, known, options.acceptHostKey);
      return hostProblem === null;
    },
  };
  const { Client: SshClient } = await loadSsh2();
  if (signal?.aborted) throw new HandheldError("aborted", "stopped");
  const client = new SshClient();
  return new Promise((resolve, reject) => {
    const stop = () => {
      client.destroy();
      reject(new HandheldError("aborted", "stopped while connecting"));
    };
    signal?.addEventListener("abort", stop, { once: true });
    client.once("ready", () => {
      signal?.removeEventListener("abort", stop);
      resolve(client);
    });
    // Also of those that follow, and of a connection that breaks later, which its channels tell: nothing is rejected twice.
    client.on("error", (error: Error & { level?: string }) => {
      client.end();
      reject(hostProblem ?? connectError(name, address, error));
    });
    client.connect(config);
  });
}

async function configOf(address: SshAddress, options: SshOptions, known: readonly KnownKey[]): Promise<ConnectConfig> {
  const usable = known.filter(({ revoked }) => !revoked);
  const types = [...new Set(usable.flatMap(algorithmsOf))];
  return {
    host: address.host,
    port: address.port,
    username: address.user,
    readyTimeout: (options.connectSeconds ?? 20) * 1000,
    keepaliveInterval: 15_000,
    keepaliveCountMax: 4,
    authHandler: await methods(address.user, options),
    // The key types that are known first, or the host would show another one that nobody can check.
    ...(types.length > 0 && { algorithms: { serverHostKey: { prepend: types, append: [], remove: [] } } }),
  };
}

function connectError(name: string, { user }: SshAddress, cause: Error & { level?: string }): DeviceError {
  if (cause.level === "client-authentication") {
    const hint = "put a public key of yours into its ~/.ssh/authorized_keys, or load it into ssh-agent";
    return new DeviceError("refused", name, `it does not let ${user} in; ${hint}`, { cause });
  }
  return new DeviceError("unreachable", name, `cannot connect: ${cause.message}`, { cause });
}

/** Null when the key is a known one, or the accepted one of a host without. */
function checkHostKey(
  name: string,
  key: Buffer,
  known: readonly KnownKey[],
  accepted: string | undefined,
): DeviceError | null {
  const fingerprint = fingerprintOf(key);
  const same = known.filter((entry) => entry.key === key.toString("base64"));
  const type = typeOfKey(key);
  const problem = (message: string) => new DeviceError("host-key", name, message, { fingerprint });
  if (same.some(({ revoked }) => revoked)) return problem(`its key ${fingerprint} was revoked in known_hosts`);
  if (same.length > 0) return null;
  const other = known.find((entry) => !entry.revoked && entry.type === type);
  if (other !== undefined) {
    const danger = "it was set up anew, or something else answers in its place";
    return problem(`its ${type} key ${fingerprint} is not the one in line ${other.line} of known_hosts: ${danger}`);
  }
  if (accepted === fingerprint) return null;
  const rest = accepted === undefined ? "" : `, and it is not ${accepted}`;
  const hint =
    "compare the fingerprint with the machine's, then accept it (--accept-host-key), or connect once with ssh";
  return problem(`its ${type} key ${fingerprint} is not in known_hosts${rest}; ${hint}`);
}

// An RSA key may sign in three ways.
function algorithmsOf({ type }: KnownKey): ServerHostKeyAlgorithm[] {
  return (type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type]) as ServerHostKeyAlgorithm[];
}

async function knownKeys({ host, port }: SshAddress, { knownHosts }: SshOptions): Promise<KnownKey[]> {
  const files = knownHosts ?? [join(homedir(), ".ssh/known_hosts")];
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  return texts.flatMap((text) => findKnownKeys(text, host, port));
}

async function methods(username: string, options: SshOptions): Promise<AnyAuthMethod[]> {
  const agent = options.agent === undefined ? process.env.SSH_AUTH_SOCK : options.agent;
  const files = options.identities ?? ["id_ed25519", "id_ecdsa", "id_rsa"].map((file) => join(homedir(), ".ssh", file));
  const found: AnyAuthMethod[] = [];
  if (agent) found.push({ type: "agent", username, agent });
  const ssh2 = await loadSsh2();
  for (const file of files) {
    const key = await readFile(file).catch(() => null);
    const { passphrase } = options;
    // One that needs a passphrase we do not have is left to the agent.
    if (key === null || ssh2.utils.parseKey(key, passphrase) instanceof Error) continue;
    found.push({ type: "publickey", username, key, ...(passphrase !== undefined && { passphrase }) });
  }
  return found;
}

// An optional peer: it may come with a native add-on, which nobody needs who has no device behind ssh.
async function loadSsh2(): Promise<typeof import("ssh2")> {
  try {
    return (await import("ssh2")).default;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new HandheldError("unsupported", "devices behind ssh need the package ssh2: npm install ssh2", { cause });
  }
}
