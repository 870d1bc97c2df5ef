// The name of a device behind ssh: `ssh:user@host[:port][/path]`.
import { userInfo } from "node:os";
import { DeviceError } from "../../errors.ts";

/** Where to, as whom, and what starts Node there. */
export interface SshAddress {
  user: string;
  host: string;
  port: number;
  /** Path of the Node program; null for the one that the shell there finds. */
  node: string | null;
}

/**
 * Parses `ssh:[user@]host[:port][/path/of/node]`; an IPv6 address stands in brackets. The user is this machine's where none
 * is named.
 *
 * @throws DeviceError `name`
 * @example
 * ```ts
 * parseSshName("ssh:pi@board:2222/opt/node/bin/node"); // { user: "pi", host: "board", port: 2222, node: "/opt/…" }
 * ```
 */
export function parseSshName(name: string): SshAddress {
  const match = /^ssh:(?:([^@/\s]+)@)?(\[[0-9a-fA-F:]+\]|[^:@/\s[\]-][^:@/\s[\]]*)(?::(\d{1,5}))?(\/.*)?$/.exec(name);
  const port = Number(match?.[3] ?? 22);
  if (match === null || port < 1 || port > 65535) {
    const rule =
      "it must be ssh:user@host, with :port and the path of Node (/opt/node/bin/node) behind it where needed";
    throw new DeviceError("name", name, rule);
  }
  const host = match[2]!.replace(/^\[|\]$/g, "");
  return { user: match[1] ?? userInfo().username, host, port, node: match[4] ?? null };
}
