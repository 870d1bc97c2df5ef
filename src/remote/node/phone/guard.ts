// What is asked of every request before it counts: its host is ours (a name that was rebound to our address is not), its
// origin is our page, its body is JSON and small. Refusals are typed and answered as JSON.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type * as z from "zod";

/** Why a request was refused: stable words for programs. */
export type RefusalCode =
  | "host"
  | "origin"
  | "method"
  | "not-found"
  | "content-type"
  | "too-large"
  | "not-json"
  | "invalid"
  | "token"
  | "token-used"
  | "session"
  | "ended"
  | "gap";

/** A request that was refused. `status` is the HTTP status. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: RefusalCode;
  /** Further fields of the answer. */
  readonly fields: Record<string, unknown>;
  constructor(status: number, code: RefusalCode, message: string, fields: Record<string, unknown> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

/** Most bytes of a request's body: the largest message is a calibrated profile of some 100 kB. */
export const mostBodyBytes = 4 * 2 ** 20;

/** Sent with everything: isolation (threads need it), no foreign script, no guessing of types, no copies in caches. */
export const securityHeaders: Record<string, string> = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy":
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; " +
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/** @throws Refusal when the request is not for one of `hosts`, as URLs have them, port included */
export function checkHost(request: IncomingMessage, hosts: readonly string[]): void {
  const given = request.headers.host?.toLowerCase() ?? "";
  if (hosts.includes(given)) return;
  throw new Refusal(421, "host", "this address is not one of this machine's; open the address that was printed");
}

/** @throws Refusal when a request to the interface comes from another page, or a changing one says no origin */
export function checkOrigin(request: IncomingMessage, scheme: "http" | "https"): void {
  const { origin, host } = request.headers;
  const site = request.headers["sec-fetch-site"];
  const missing = origin === undefined && request.method !== "GET";
  const foreign = origin !== undefined && origin !== `${scheme}://${host}`;
  if (missing || foreign || (site !== undefined && site !== "same-origin")) {
    throw new Refusal(403, "origin", "only the page that this server serves may ask for this");
  }
}

/**
 * Reads a JSON body and parses it by `schema`.
 *
 * @throws Refusal `content-type`, `too-large` (before the body is read where its length is given), `not-json`, `invalid`
 */
export async function readBody<S extends z.ZodType>(request: IncomingMessage, schema: S): Promise<z.output<S>> {
  if (request.headers["content-type"]?.split(";")[0]?.trim() !== "application/json") {
    throw new Refusal(415, "content-type", "the body must be application/json");
  }
  const parsed = schema.safeParse(parseJson(await readBytes(request)));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new Refusal(400, "invalid", `${issue.path.join(".") || "the whole"}: ${issue.message}`.slice(0, 500));
}

// Not "for await", which would end the connection before the refusal is answered.
function readBytes(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = () => new Refusal(413, "too-large", `a body may have at most ${mostBodyBytes} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > mostBodyBytes) return Promise.reject(tooLarge());
  const pieces: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    request.on("data", (piece: Buffer) => {
      length += piece.length;
      if (length <= mostBodyBytes) pieces.push(piece);
      else {
        request.pause();
        reject(tooLarge());
      }
    });
    request.on("end", () => resolve(Buffer.concat(pieces)));
    request.on("error", reject);
    request.on("aborted", () => reject(new Refusal(400, "not-json", "the body broke off")));
  });
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new Refusal(400, "not-json", "the body is not JSON");
  }
}

/** Answers with JSON. */
export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    ...securityHeaders,
    "content-type": "application/json",
    "content-length": body.length,
  });
  response.end(body);
}

/** Answers a refusal. After a body that was not read to its end the connection is closed. */
export function answerRefusal(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  if (!request.complete) {
    response.setHeader("connection", "close");
    response.once("finish", () => setTimeout(() => request.destroy(), 200).unref());
  }
  const { status, code, message, fields } = refusal;
  answerJson(response, status, { error: { code, message }, ...fields });
}

/** Whether two secrets are equal, in a time that tells nothing about where they differ. */
export function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
