// Where the hub is, what to show it, and where its files are kept: from options, else from the variables that Hugging
// Face's own tools read.
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { HandheldError } from "../errors.ts";

/** How patient a pull is. */
export interface Patience {
  /** Failures in a row, without a mebibyte in between, before it gives up. */
  attempts: number;
  /** Wait after the first failure; doubles with each further one. Milliseconds. */
  firstWaitMs: number;
  /** Longest wait, also when the server asks for a longer one. Milliseconds. */
  longestWaitMs: number;
  /** A connection that brings less than a kilobyte in this time has stalled. Milliseconds. */
  stallMs: number;
}

/** What may be set for the hub; what is not comes from the environment. */
export interface HubOptions {
  /** Base URL. Default: HF_ENDPOINT, else https://huggingface.co. */
  endpoint?: string;
  /** Access token for private and gated models; sent to the endpoint only. Default: HF_TOKEN. */
  token?: string | undefined;
  /** Folder of models--org--name. Default: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub. */
  cacheDir?: string;
  /** Use the cache alone. Default: HF_HUB_OFFLINE. */
  offline?: boolean;
  patience?: Partial<Patience>;
}

/** {@link HubOptions} with nothing left open. */
export interface HubSettings {
  /** Without a slash at its end. */
  endpoint: string;
  token: string | null;
  cacheDir: string;
  offline: boolean;
  patience: Patience;
}

type Environment = Readonly<Record<string, string | undefined>>;

const defaultPatience: Patience = { attempts: 5, firstWaitMs: 500, longestWaitMs: 60_000, stallMs: 30_000 };

/** Settles the options. @throws HandheldError `invalid-option` for an endpoint that is no http(s) URL, or what is no token */
export function hubSettings(options: HubOptions = {}, env: Environment = process.env): HubSettings {
  const endpoint = (options.endpoint ?? (env.HF_ENDPOINT || "https://huggingface.co")).replace(/\/+$/, "");
  if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? "")) {
    throw new HandheldError("invalid-option", `HF_ENDPOINT takes an http or https URL, got "${endpoint}"`);
  }
  const token = (options.token ?? env.HF_TOKEN?.trim()) || null;
  if (token !== null && !/^[\x21-\x7e]+$/.test(token)) {
    throw new HandheldError("invalid-option", "HF_TOKEN holds characters that no token has; copy it again");
  }
  return {
    endpoint,
    token,
    cacheDir: resolve(options.cacheDir ?? cacheFolder(env)),
    offline: options.offline ?? (isTrue(env.HF_HUB_OFFLINE) || isTrue(env.TRANSFORMERS_OFFLINE)),
    patience: { ...defaultPatience, ...options.patience },
  };
}

function cacheFolder(env: Environment): string {
  const home = env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "huggingface");
  const folder = env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, "hub");
  return folder.replace(/^~(?=$|[/\\])/, homedir());
}

function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? "");
}
