// The server of the phone's page: listens on the local network, lets one phone in after the other, each by a link that works
// once, and makes a Device of it.
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { HandheldError } from "../../../errors.ts";
import type { Device } from "../../device.ts";
import { inUrl, knownHosts, networkAddresses } from "./addresses.ts";
import { type Certificate, createCertificate } from "./certificate.ts";
import { PhoneDesk } from "./desk.ts";
import { pageFile } from "./files.ts";
import { answerRefusal, checkHost, checkOrigin, Refusal, securityHeaders } from "./guard.ts";
import { routes } from "./routes.ts";

/** Options of {@link createPhoneServer}. */
export interface PhoneServerOptions {
  /** Port; 0 for any. Default 8473, or any where that is taken. */
  port?: number | undefined;
  /** Address to listen on. Default: all. */
  host?: string | undefined;
  /** Serve https with a certificate that is made now: threads work then, after a warning of the browser. Default false. */
  https?: boolean | undefined;
  /** Further names under which the page is reached, a tunnel's say. */
  hosts?: readonly string[] | undefined;
  /** Seconds without a word from the phone after which its job fails. Default 300. */
  awaySeconds?: number | undefined;
  /** What a device is called in messages. Default "phone". */
  name?: string | undefined;
}

/** A link for one phone. */
export interface Invitation {
  /** The link to open, on the address that a phone most likely reaches. */
  url: string;
  /** The same on other addresses of this machine. */
  otherUrls: readonly string[];
  /** With https: the certificate's SHA-256, as the browser's warning shows it. */
  fingerprint: string | null;
}

/** Options of {@link PhoneServer.accept}. */
export interface AcceptOptions {
  signal?: AbortSignal | undefined;
  /** Hears the link that the phone must open. */
  onInvite: (invitation: Invitation) => void;
}

/** A running server. */
export interface PhoneServer {
  readonly port: number;
  readonly scheme: "http" | "https";
  /**
   * Invites a phone and waits until it has opened the link. One at a time: close the device before the next.
   * @throws HandheldError `aborted`, `invalid-option` while another phone is there
   */
  accept(options: AcceptOptions): Promise<Device>;
  /** Tells the phone and ends the server. */
  close(): Promise<void>;
}

const defaultPort = 8473;

/**
 * Starts the server.
 *
 * @throws HandheldError `io` when the port is taken or not ours to use
 * @example
 * ```ts
 * const server = await createPhoneServer();
 * const phone = await server.accept({ onInvite: ({ url }) => console.log(url) });
 * const { profile } = await phone.run("probe", {});
 * await phone.close();
 * await server.close();
 * ```
 */
export async function createPhoneServer(options: PhoneServerOptions = {}): Promise<PhoneServer> {
  const { https = false, host, hosts = [], name = "phone" } = options;
  const scheme = https ? "https" : "http";
  const certificate = https ? createCertificate(knownHosts(hosts).map((known) => known.replace(/^\[|\]$/g, ""))) : null;
  const desk = new PhoneDesk(name, (options.awaySeconds ?? 300) * 1000);
  const listener = (request: IncomingMessage, response: ServerResponse) =>
    void answer(request, response, { desk, scheme, hosts, port }).catch((error) => refuse(request, response, error));
  const server = certificate === null ? createServer(listener) : createSecureServer(certificate, listener);
  server.headersTimeout = 10_000;
  server.requestTimeout = 60_000;
  server.maxConnections = 64;
  const port = await listen(server as Server, options.port, host);
  return {
    port,
    scheme,
    async accept({ signal, onInvite }) {
      if (signal?.aborted) throw new HandheldError("aborted", "stopped");
      const token = randomBytes(16).toString("hex");
      const waiting = desk.expect(token, signal);
      onInvite(invitation(token, { scheme, port, host, certificate }));
      return waiting;
    },
    async close() {
      await desk.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

interface Place {
  desk: PhoneDesk;
  scheme: "http" | "https";
  hosts: readonly string[];
  port: number;
}

async function answer(request: IncomingMessage, response: ServerResponse, place: Place): Promise<void> {
  checkHost(request, hostHeaders(place));
  const url = new URL(request.url ?? "/", `${place.scheme}://localhost`);
  if (url.pathname.startsWith("/api/")) {
    const route = routes[`${request.method} ${url.pathname}`];
    if (route === undefined) throw new Refusal(404, "not-found", "there is nothing here");
    checkOrigin(request, place.scheme);
    return route(request, response, place.desk, url);
  }
  if (request.method !== "GET") throw new Refusal(405, "method", "only GET is answered here");
  const file = await pageFile(url.pathname);
  if (file === null) throw new Refusal(404, "not-found", "there is nothing here");
  response.writeHead(200, {
    ...securityHeaders,
    "content-type": file.type,
    "content-length": file.body.length,
  });
  response.end(file.body);
}

// Further names are taken with our port and without: behind a tunnel the port is another.
function hostHeaders({ hosts, port, scheme }: Place): string[] {
  const usual = port === (scheme === "https" ? 443 : 80);
  const own = knownHosts(hosts);
  return [...own.map((host) => `${host}:${port}`), ...(usual ? own : []), ...hosts.map((host) => host.toLowerCase())];
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const known = error instanceof Refusal ? error : new Refusal(500, "invalid", (error as Error).message);
  answerRefusal(request, response, known);
}

function invitation(
  token: string,
  at: { scheme: string; port: number; host: string | undefined; certificate: Certificate | null },
): Invitation {
  const everywhere = at.host === undefined || at.host === "0.0.0.0" || at.host === "::";
  const hosts = everywhere ? [...networkAddresses(), "localhost"] : [at.host === "127.0.0.1" ? "localhost" : at.host!];
  // After the #: what stands there is not sent, so it is in no log, and in no Referer.
  const urls = hosts.map((host) => `${at.scheme}://${inUrl(host)}:${at.port}/#${token}`);
  return { url: urls[0]!, otherUrls: urls.slice(1), fingerprint: at.certificate?.fingerprint ?? null };
}

async function listen(server: Server, port: number | undefined, host: string | undefined): Promise<number> {
  const attempt = (candidate: number) =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(candidate, host, () => {
        server.off("error", reject);
        resolve();
      });
    });
  try {
    await attempt(port ?? defaultPort).catch((error: NodeJS.ErrnoException) => {
      if (port !== undefined || error.code !== "EADDRINUSE") throw error;
      return attempt(0);
    });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === "EADDRINUSE" ? "it is in use; choose another" : message;
    throw new HandheldError("io", `cannot listen on port ${port}: ${reason}`, { cause });
  }
  return (server.address() as AddressInfo).port;
}
