// A page's end of the line to its engine: numbered requests, their events and answers, and how they end early.
import { HandheldError } from "../errors.ts";
import { fromPlainError, type Reply, type Request } from "./protocol.ts";

/** A request without its number, as {@link Connection.send} takes it. */
export type Message = Request extends infer R ? (R extends { id: number } ? Omit<R, "id"> : never) : never;

/** A request on its way. */
export interface Pending {
  /** Resolves with the answer. @throws HandheldError as the engine did */
  readonly done: Promise<unknown>;
  /** Asks the engine to end it. Nothing happens when it has ended. */
  abort(): void;
}

interface Waiting {
  onEvent: (event: unknown) => void;
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** Sends requests to one worker. */
export class Connection {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;
  private closed: HandheldError | null = null;

  constructor(worker: Worker) {
    this.worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      const reason = event.message || "its script could not be loaded";
      this.close(new HandheldError("io", `the engine failed: ${reason}`));
    };
  }

  /** Sends a request; `onEvent` hears what comes before its end. */
  send(message: Message, onEvent: (event: unknown) => void = () => {}): Pending {
    const id = ++this.last;
    const done = new Promise<unknown>((resolve, reject) => {
      if (this.closed) reject(this.closed);
      else this.waiting.set(id, { onEvent, resolve, reject });
    });
    if (!this.closed) this.worker.postMessage({ ...message, id });
    return {
      done,
      abort: () => {
        if (this.waiting.has(id)) this.worker.postMessage({ type: "abort", id } satisfies Request);
      },
    };
  }

  /** Ends the worker and every request. */
  close(reason = new HandheldError("aborted", "the model is closed")): void {
    this.closed ??= reason;
    this.worker.terminate();
    for (const { reject } of this.waiting.values()) reject(reason);
    this.waiting.clear();
  }

  private receive(reply: Reply): void {
    const request = this.waiting.get(reply.id);
    if (request === undefined) return;
    if (reply.type === "event") request.onEvent(reply.event);
    else this.waiting.delete(reply.id);
    if (reply.type === "done") request.resolve(reply.value);
    if (reply.type === "error") request.reject(fromPlainError(reply.error));
  }
}
