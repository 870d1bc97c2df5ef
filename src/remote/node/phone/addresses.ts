// Under which names a phone reaches this machine, best first, and which names a request may use.
import { hostname, networkInterfaces } from "node:os";

/** Addresses of this machine on its networks, IPv4 in private ranges first; none where there is no network. */
export function networkAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outer = all.filter(({ internal, scopeid }) => !internal && !scopeid);
  const rank = ({ family, address }: { family: string; address: string }) =>
    family === "IPv6" ? 2 : /^(192\.168\.|10\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address) ? 0 : 1;
  return outer.sort((a, b) => rank(a) - rank(b)).map(({ address }) => address);
}

/** All names of this machine that a browser may have in its address bar, as URLs have them. */
export function knownHosts(further: readonly string[] = []): string[] {
  const name = hostname().toLowerCase();
  const names = ["localhost", "127.0.0.1", "::1", name, `${name}.local`, ...networkAddresses(), ...further];
  return [...new Set(names.map(inUrl))];
}

/** A host as it stands in a URL: IPv6 in brackets. */
export function inUrl(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
