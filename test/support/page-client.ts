// A phone's page as a program: joins, asks for commands, hands over replies, and lies where a test wants it to.
import { randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";

/** A hexadecimal secret, as pages make them. */
export const secret = (): string => randomBytes(16).toString("hex");

/** What the server answered. */
export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: it is what the test looks at
  body: any;
  headers: Record<string, string | string[] | undefined>;
}

/** Options of {@link ask}. */
export interface Asking {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** One request, with any header: fetch() sets Host and Origin itself. */
export function ask(url: string, { method = "GET", headers = {}, body }: Asking = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece) => (text += piece));
      response.on("error", reject);
      response.on("end", () => {
        const json = response.headers["content-type"] === "application/json";
        resolve({ status: response.statusCode!, body: json ? JSON.parse(text) : text, headers: response.headers });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** A page. */
export class PageClient {
  readonly origin: string;
  readonly key = secret();
  boot = secret();
  token: string | null;
  private after = 0;
  private from = 1;

  /** `link` as it was printed. */
  constructor(link: string) {
    const url = new URL(link);
    this.origin = url.origin;
    this.token = url.hash.slice(1);
  }

  post(path: string, value: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return ask(`${this.origin}${path}`, {
      method: "POST",
      body: typeof value === "string" ? value : JSON.stringify(value),
      headers: { "content-type": "application/json", origin: this.origin, ...this.authorization, ...headers },
    });
  }

  join(change: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<Answer> {
    const page = { userAgent: "Android Chrome/140.0", secure: true, isolated: true, wakeLock: true, cores: 8 };
    return this.post("/api/join", { token: this.token, key: this.key, boot: this.boot, page, ...change }, headers);
  }

  /** Waits for commands that were not fetched yet. */
  async commands(): Promise<Answer> {
    const url = `${this.origin}/api/commands?after=${this.after}&boot=${this.boot}`;
    const answer = await ask(url, { headers: this.authorization });
    this.after += answer.body.commands?.length ?? 0;
    return answer;
  }

  /** Sends replies, numbered from the next one on or from `from`. */
  async send(replies: unknown[], from = this.from): Promise<Answer> {
    const answer = await this.post("/api/replies", { boot: this.boot, from, replies });
    if (answer.status === 200) this.from = answer.body.received + 1;
    return answer;
  }

  /** As a page that the phone threw away and loads again. */
  reload(): void {
    this.boot = secret();
    this.token = null;
    [this.after, this.from] = [0, 1];
  }

  private get authorization(): Record<string, string> {
    return { authorization: `Bearer ${this.key}` };
  }
}
