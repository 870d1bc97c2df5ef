// A certificate for the phone page's server, signed by itself: X.509 version 3 (RFC 5280) with an ECDSA key, written as DER
// here, because node:crypto makes keys but no certificates.
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIP, isIPv4 } from "node:net";

/** A key and its certificate, for node:https. */
export interface Certificate {
  key: string;
  cert: string;
  /** SHA-256 of the certificate as browsers show it: upper-case pairs with colons. */
  fingerprint: string;
}

const oids = {
  ecdsaWithSha256: "2a8648ce3d040302",
  commonName: "550403",
  subjectAltName: "551d11",
  basicConstraints: "551d13",
  keyUsage: "551d0f",
  extendedKeyUsage: "551d25",
  serverAuth: "2b06010505070301",
} as const;

/**
 * Makes a certificate for host names and IP addresses. Valid from a day before `now`, for clocks that differ, to 30 days
 * after it.
 */
export function createCertificate(hosts: readonly string[], now = new Date()): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const day = 24 * 3600 * 1000;
  const name = sequence(set(sequence(oid(oids.commonName), utf8("Handheld on this network"))));
  const algorithm = sequence(oid(oids.ecdsaWithSha256));
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40; // positive, and without a leading zero
  const body = sequence(
    tagged(0xa0, integer(Buffer.of(2))),
    integer(serial),
    algorithm,
    name,
    sequence(time(new Date(now.getTime() - day)), time(new Date(now.getTime() + 30 * day))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(...extensions(hosts))),
  );
  const der = sequence(body, algorithm, bits(sign("sha256", body, privateKey)));
  const hex = createHash("sha256").update(der).digest("hex").toUpperCase();
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    cert: pem(der),
    fingerprint: hex.match(/../g)!.join(":"),
  };
}

function extensions(hosts: readonly string[]): Buffer[] {
  const extension = (id: string, critical: boolean, value: Buffer) =>
    sequence(oid(id), ...(critical ? [tagged(0x01, Buffer.of(0xff))] : []), tagged(0x04, value));
  return [
    extension(oids.basicConstraints, true, sequence()),
    extension(oids.keyUsage, true, tagged(0x03, Buffer.of(7, 0x80))), // digitalSignature
    extension(oids.extendedKeyUsage, false, sequence(oid(oids.serverAuth))),
    extension(oids.subjectAltName, false, sequence(...hosts.map(alternativeName))),
  ];
}

function alternativeName(host: string): Buffer {
  if (isIP(host) === 0) return tagged(0x82, Buffer.from(host, "latin1"));
  return tagged(0x87, isIPv4(host) ? Buffer.from(host.split(".").map(Number)) : ipv6Bytes(host));
}

function ipv6Bytes(address: string): Buffer {
  // The URL parser knows all forms and writes the shortest; an address with IPv4 at its end becomes plain groups.
  const [head, tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (part = "") => part.split(":").filter((group) => group !== "");
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(missing).fill("0"), ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

function tagged(tag: number, content: Buffer): Buffer {
  const length = content.length;
  if (length < 128) return Buffer.concat([Buffer.of(tag, length), content]);
  const bytes = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...bytes), content]);
}

const sequence = (...parts: Buffer[]) => tagged(0x30, Buffer.concat(parts));
const set = (part: Buffer) => tagged(0x31, part);
const oid = (hex: string) => tagged(0x06, Buffer.from(hex, "hex"));
const integer = (bytes: Buffer) => tagged(0x02, bytes);
const bits = (bytes: Buffer) => tagged(0x03, Buffer.concat([Buffer.of(0), bytes]));
const utf8 = (text: string) => tagged(0x0c, Buffer.from(text));

// UTCTime: years until 2049, two digits.
function time(date: Date): Buffer {
  return tagged(0x17, Buffer.from(date.toISOString().replace(/^..(..)-(..)-(..)T(..):(..):(..).*$/, "$1$2$3$4$5$6Z")));
}

function pem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
