// OpenSSH's known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): which keys a host is known by. Plain and hashed names,
// patterns and negation, ports, revoked keys. Certificate authorities are not followed.
import { createHash, createHmac } from "node:crypto";

/** A line that is about the host. */
export interface KnownKey {
  /** "ssh-ed25519", "ecdsa-sha2-nistp256" … */
  type: string;
  /** The public key in base64. */
  key: string;
  revoked: boolean;
  /** From 1. */
  line: number;
}

/** The keys that `text`, a known_hosts file, has for a host at a port. */
export function findKnownKeys(text: string, host: string, port: number): KnownKey[] {
  const wanted = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
  return text.split("\n").flatMap((content, i) => {
    const words = content.trim().split(/\s+/);
    const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
    const [names, type, key] = words;
    if (!names || names.startsWith("#") || !type || !key || marker === "@cert-authority") return [];
    return matches(names, wanted) ? [{ type, key, revoked: marker === "@revoked", line: i + 1 }] : [];
  });
}

function matches(names: string, wanted: string): boolean {
  if (names.startsWith("|1|")) {
    const [salt = "", hash] = names.slice(3).split("|");
    return createHmac("sha1", Buffer.from(salt, "base64")).update(wanted).digest("base64") === hash;
  }
  let found = false;
  for (const name of names.toLowerCase().split(",")) {
    const negated = name.startsWith("!");
    if (!pattern(negated ? name.slice(1) : name).test(wanted)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

// Its own wildcards are * and ?; brackets are those of a host with a port.
function pattern(name: string): RegExp {
  const escaped = name
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${escaped}$`);
}

/** How OpenSSH prints a key's fingerprint: `SHA256:` and base64 without its padding. */
export function fingerprintOf(key: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** The kind of a public key in SSH's wire form: a length of four bytes, then its name. */
export function typeOfKey(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString("latin1");
}
