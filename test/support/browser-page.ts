// What tests do with handheld/browser inside a page: load, ask, and look at what went over the wire and into the cache.
import type { Page } from "playwright-core";
import type { LoadModelOptions, LoadProgress, ModelInfo } from "../../src/browser/index.ts";

declare global {
  interface Window {
    /** The module, imported by the test server's page. */
    handheld: typeof import("../../src/browser/index.ts");
  }
}

/** What to load, how, and what to ask. */
export interface Asking {
  /** A URL, the files of an <input>, or a directory handle on copies of the files below a URL. */
  from: string | { input: string } | { copyOf: string; files: string[] };
  options?: LoadModelOptions;
  prompts?: string[];
  queries?: string[];
  maxTokens?: number;
  /** Abort loading when so many bytes of a file are there. */
  abortAtBytes?: number;
}

/** How it went. */
export interface Asked {
  info: ModelInfo | null;
  progress: LoadProgress[];
  /** Texts after the prompts, then answers to the queries. */
  answers: string[];
  error: { typed: boolean; code: string; message: string } | null;
}

/** Loads a model in the page, asks it, closes it. */
export function ask(page: Page, asking: Asking): Promise<Asked> {
  return page.evaluate(async ({ from, options, prompts = [], queries = [], maxTokens, abortAtBytes = Infinity }) => {
    const { loadModel, HandheldError } = window.handheld;
    const result: Asked = { info: null, progress: [], answers: [], error: null };
    const stop = new AbortController();
    const onProgress = (progress: LoadProgress) => {
      result.progress.push(progress);
      if (progress.loadedBytes >= abortAtBytes) stop.abort();
    };
    const location = async () => {
      if (typeof from === "string") return from;
      if ("input" in from) return document.querySelector<HTMLInputElement>(from.input)!.files!;
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle("opened", { create: true });
      for (const file of from.files) {
        const copy = await (await folder.getFileHandle(file, { create: true })).createWritable();
        await copy.write(await (await fetch(from.copyOf + file)).blob());
        await copy.close();
      }
      return folder;
    };
    try {
      const model = await loadModel(await location(), { ...options, onProgress, signal: stop.signal });
      result.info = model.info;
      for (const prompt of prompts) {
        let streamed = "";
        for await (const event of model.generate(prompt, { maxTokens })) {
          if (event.type === "text") streamed += event.text;
          else result.answers.push(event.text === streamed ? streamed : `streamed ${streamed}, done ${event.text}`);
        }
      }
      for (const query of queries) result.answers.push((await model.call(query)).text);
      model.close();
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      result.error = { typed: error instanceof HandheldError, code, message };
    }
    return result;
  }, asking);
}

/** Names of the folders in the cache, valid or not. */
export function folderEntries(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle("handheld", { create: true });
    const names: string[] = [];
    for await (const name of (folder as unknown as { keys(): AsyncIterable<string> }).keys()) names.push(name);
    return names;
  });
}

/** Changes one byte of a file of the only model in the cache. */
export async function flipByte(page: Page, file: string, at: number): Promise<void> {
  const [folder] = await folderEntries(page);
  await page.evaluate(
    async ([name, path, position]) => {
      const root = await navigator.storage.getDirectory();
      const models = await root.getDirectoryHandle("handheld");
      const handle = await (await models.getDirectoryHandle(name)).getFileHandle(path);
      const old = await (await handle.getFile()).slice(position, position + 1).arrayBuffer();
      const writable = await handle.createWritable({ keepExistingData: true });
      await writable.write({ type: "write", position, data: Uint8Array.of(new Uint8Array(old)[0]! ^ 1) });
      await writable.close();
    },
    [folder!, file, at] as const,
  );
}
