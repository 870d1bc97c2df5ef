// The handlers of the phone page's interface: join, fetch commands, hand over replies. They know sessions, not jobs.
import type { IncomingMessage, ServerResponse } from "node:http";
import { DeviceError } from "../../errors.ts";
import { answerJson, Refusal, readBody, sameSecret } from "./guard.ts";
import { commandsQuery, joinBody, repliesBody } from "./protocol.ts";
import { type PageFacts, PhoneSession } from "./session.ts";

/** What the handlers need of the server. */
export interface Desk {
  /** The token that may be used now; null when nobody is expected. */
  token: string | null;
  session: PhoneSession | null;
  /** Milliseconds that a question for commands waits. */
  pollMs: number;
  /** A phone has joined. */
  joined(session: PhoneSession, page: PageFacts): void;
  /** The page was loaded anew. */
  rebooted(): void;
  /** @throws DeviceError `invalid-reply` */
  reply(value: unknown): void;
}

type Handler = (request: IncomingMessage, response: ServerResponse, desk: Desk, url: URL) => Promise<void>;

/** Handlers by method and path. */
export const routes: Record<string, Handler> = {
  "POST /api/join": join,
  "GET /api/commands": commands,
  "POST /api/replies": replies,
};

async function join(request: IncomingMessage, response: ServerResponse, desk: Desk): Promise<void> {
  const { token, key, boot, page } = await readBody(request, joinBody);
  const known = desk.session !== null && sameSecret(desk.session.key, key) ? desk.session : null;
  if (known !== null) {
    // The answer to the first try may have been lost, or the page was loaded again.
    if (known.ended) throw new Refusal(410, "ended", "this session has ended");
    if (known.boot !== boot) {
      known.reboot(boot);
      desk.rebooted();
    }
    known.lastHeard = performance.now();
    return answerJson(response, 200, { received: known.received });
  }
  if (token === null) throw new Refusal(401, "session", "this session is not known; open the link that was printed");
  if (desk.token === null || !sameSecret(desk.token, token)) {
    throw new Refusal(403, "token", "this link is not valid, or was used by another page; ask for a new one");
  }
  desk.token = null;
  desk.session = new PhoneSession(key, boot);
  desk.joined(desk.session, page);
  answerJson(response, 200, { received: 0 });
}

async function commands(request: IncomingMessage, response: ServerResponse, desk: Desk, url: URL): Promise<void> {
  const asked = commandsQuery.safeParse(Object.fromEntries(url.searchParams));
  if (!asked.success) throw new Refusal(400, "invalid", "after and boot are expected");
  const session = sessionOf(request, desk, asked.data.boot);
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const found = await session.commandsAfter(asked.data.after, desk.pollMs, gone.signal);
  if (gone.signal.aborted) return;
  session.lastHeard = performance.now();
  answerJson(response, 200, { commands: found });
}

async function replies(request: IncomingMessage, response: ServerResponse, desk: Desk): Promise<void> {
  const bearer = sessionOf(request, desk, null); // a stranger's body is not read
  const batch = await readBody(request, repliesBody);
  const session = sessionOf(request, desk, batch.boot);
  if (bearer !== session) throw new Refusal(410, "ended", "this session has ended");
  for (const reply of session.fresh(batch)) {
    session.received++; // also of one that is refused: sending it again would not make it better
    try {
      desk.reply(reply);
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      throw new Refusal(400, "invalid", error.message, { received: session.received });
    }
  }
  answerJson(response, 200, { received: session.received });
}

/** @throws Refusal when the request does not carry the session's secret, or comes from an earlier load of the page */
function sessionOf(request: IncomingMessage, { session }: Desk, boot: string | null): PhoneSession {
  const key = /^Bearer ([0-9a-f]{32})$/.exec(request.headers.authorization ?? "")?.[1];
  if (session === null || key === undefined || !sameSecret(session.key, key)) {
    throw new Refusal(401, "session", "this session is not known; open the link that was printed");
  }
  if (session.ended || (boot !== null && session.boot !== boot)) {
    throw new Refusal(410, "ended", "this session has ended");
  }
  session.lastHeard = performance.now();
  return session;
}
