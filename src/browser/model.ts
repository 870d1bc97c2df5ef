// A model in a page: the engine runs in a Web Worker of its own, so that the page stays responsive; this is its handle.
import { HandheldError } from "../errors.ts";
import type { CallResult } from "../generate/calls.ts";
import type { GenerateEvent } from "../generate/generate.ts";
import { Connection } from "./connection.ts";
import type { EngineOptions, LoadProgress, ModelInfo, ModelLocation, TextOptions } from "./protocol.ts";
import { absoluteUrl } from "./sources.ts";

/** Options of {@link loadModel}. */
export interface LoadModelOptions extends EngineOptions {
  /** Hears how loading goes on: at most every 50 ms, and at the end of each file. */
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  /** Ends the loading. What was fetched until then is forgotten. */
  signal?: AbortSignal | undefined;
  /** Makes the engine's worker, where its script (dist/browser/engine.js) is not found beside this module. */
  createWorker?: (() => Worker) | undefined;
}

/** A model that runs in a worker of its own. Requests are answered one after the other. */
export interface BrowserModel {
  readonly info: ModelInfo;
  /**
   * Generates text after a prompt (text, or token ids): events as of `generate` in handheld/generate. `signal` ends it at
   * the next token with the reason `aborted`; so does leaving the loop.
   *
   * @throws HandheldError `invalid-option`; ContextOverflowError when prompt and `maxTokens` do not fit in the context.
   */
  generate(
    prompt: string | readonly number[],
    options?: TextOptions & { signal?: AbortSignal | undefined },
  ): AsyncGenerator<GenerateEvent, void, void>;
  /**
   * The function calls for a query. `signal` ends the waiting; an answer that was begun is finished unheard.
   *
   * @throws HandheldError `unsupported` when the model was not made for calls, `aborted`; ContextOverflowError
   */
  call(query: string, options?: { signal?: AbortSignal | undefined }): Promise<CallResult>;
  /** Ends the worker and gives its memory back. Requests that are open end with an error of code `aborted`. */
  close(): void;
}

/**
 * Loads a model directory into a worker of its own: from the URL of a folder, from the `File`s of an
 * `<input type="file" webkitdirectory>`, or from a directory handle. Weights go straight into the kernels' memory as
 * they arrive.
 *
 * @throws HandheldError `io`, `invalid-file`, `invalid-spec`, `unsupported`, `out-of-memory` (before weights are fetched)
 *   or `aborted`.
 * @example
 * ```ts
 * const model = await loadModel("/models/calls/", { onProgress: ({ loadedBytes }) => console.log(loadedBytes) });
 * for await (const event of model.generate("Once upon a time", { maxTokens: 64 })) {
 *   if (event.type === "text") document.body.append(event.text);
 * }
 * ```
 */
export async function loadModel(
  from: ModelLocation | URL | FileList,
  { onProgress, signal, createWorker = startEngine, ...options }: LoadModelOptions = {},
): Promise<BrowserModel> {
  if (signal?.aborted) throw aborted(signal);
  const connection = new Connection(createWorker());
  const loading = connection.send({ type: "load", from: locationOf(from), options }, (event) =>
    onProgress?.(event as LoadProgress),
  );
  signal?.addEventListener("abort", loading.abort);
  try {
    return handle(connection, (await loading.done) as ModelInfo);
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    signal?.removeEventListener("abort", loading.abort);
  }
}

function handle(connection: Connection, info: ModelInfo): BrowserModel {
  return {
    info,
    generate: (prompt, options = {}) => generate(connection, prompt, options),
    call: (query, { signal } = {}) => call(connection, query, signal),
    close: () => connection.close(),
  };
}

async function* generate(
  connection: Connection,
  prompt: string | readonly number[],
  { signal, ...options }: TextOptions & { signal?: AbortSignal | undefined },
): AsyncGenerator<GenerateEvent, void, void> {
  const events: GenerateEvent[] = [];
  let wake = () => {};
  const request = connection.send({ type: "generate", prompt, options }, (event) => {
    events.push(event as GenerateEvent);
    wake();
  });
  let ended = false;
  const end = request.done.finally(() => {
    ended = true;
    wake();
  });
  end.catch(() => {}); // thrown below, when the events before it have been taken
  signal?.addEventListener("abort", request.abort);
  if (signal?.aborted) request.abort();
  try {
    while (!ended || events.length > 0) {
      if (events.length > 0) yield events.shift()!;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    await end;
  } finally {
    signal?.removeEventListener("abort", request.abort);
    request.abort();
  }
}

async function call(connection: Connection, query: string, signal: AbortSignal | undefined): Promise<CallResult> {
  if (signal?.aborted) throw aborted(signal);
  const request = connection.send({ type: "call", query });
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = () => {
    request.abort();
    reject(aborted(signal!));
  };
  signal?.addEventListener("abort", stop);
  try {
    return (await Promise.race([request.done, stopped])) as CallResult;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

// In one expression: that is what bundlers recognise as a worker's entry.
function startEngine(): Worker {
  return new Worker(new URL("./engine.js", import.meta.url), { type: "module", name: "handheld" });
}

// A relative URL is the page's, not the worker script's.
function locationOf(from: ModelLocation | URL | FileList): ModelLocation {
  if (typeof from === "string" || from instanceof URL) return absoluteUrl(from);
  return typeof FileList !== "undefined" && from instanceof FileList
    ? [...from]
    : (from as Exclude<ModelLocation, string>);
}

function aborted(signal: AbortSignal): HandheldError {
  return new HandheldError("aborted", "stopped", { cause: signal.reason });
}
