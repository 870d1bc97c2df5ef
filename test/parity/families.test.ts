// Tiny models of every family as they stand on the hub, against what families.py says they compute: transformers' logits
// and choices, or those of our own PyTorch code where transformers lacks the family. The folder says which models there are.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend } from "../../src/kernels/backend.ts";
import { createBackend } from "../../src/kernels/index.ts";
import { Decoder, loadDecoder, parseSafetensors, readFloats, type Session } from "../../src/model/index.ts";

/** What each family's folder must not lack: the model_type of its config.json. */
const families = [
  ["bloom", "gemma", "gemma2", "gemma3_text", "gpt2", "gpt_neox", "granite", "llama", "minicpm", "minicpm3", "mistral"],
  ["mobilellm", "mobillama", "nemotron", "olmo", "olmo2", "openelm", "opt", "phi", "phi3", "phonelm", "qwen", "qwen2"],
  ["qwen3", "stablelm"],
].flat();
const outOfScope = ["mamba", "recurrent_gemma"];

/** Of logits, absolute. */
const tolerance = 1e-4;
/** Tokens of a prefill at once that no window and no page holds evenly. */
const piece = 5;

interface Prompt {
  prompt: number[];
  /** The most likely tokens after it. */
  continuation: number[];
}
interface About {
  short: Prompt;
  long: Prompt;
  /** A prompt whose continuation passes `switchesAt`. */
  crossing?: Prompt;
  /** In a sequence of more tokens, the rotary frequencies of all its positions are others. */
  switchesAt?: number;
}

const root = fileURLToPath(new URL("./fixtures/families/", import.meta.url));
const names = readdirSync(root).sort();
const json = (path: string) => JSON.parse(readFileSync(`${root}${path}`, "utf8"));
const typeOf = (name: string) => json(`${name}/config.json`).model_type as string;
const isModel = (name: string) => existsSync(`${root}${name}/reference.json`);

let backend: Backend;
beforeAll(async () => {
  backend = await createBackend();
});
afterAll(() => backend.close());

test("the folder has models of all families", () => {
  expect([...new Set(names.filter(isModel).map(typeOf))].sort()).toEqual(families);
  expect(names.filter((name) => !isModel(name)).map(typeOf)).toEqual(outOfScope);
});

describe.each(names.filter((name) => !isModel(name)))("%s", (name) => {
  test("is out of scope, and the error says so by name", async () => {
    await expect(loadDecoder(backend, `${root}${name}`)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining(typeOf(name)),
    });
  });
});

describe.each(names.filter(isModel))("%s", (name) => {
  const about = json(`${name}/reference.json`) as About;
  const { tensors } = parseSafetensors(new Uint8Array(readFileSync(`${root}${name}/reference.safetensors`)), name);
  const logits = { ...{ short: [], long: [], padded: [] }, ...byToken(tensors) };
  const prompts = { short: about.short.prompt, long: about.long.prompt, padded: about.short.prompt };
  const kinds = ["short", "long", "padded"] as const;
  let decoder: Decoder;
  beforeAll(async () => {
    decoder = await loadDecoder(backend, `${root}${name}`);
  });
  afterAll(() => decoder?.close());

  test.each(kinds)(`logits within ${tolerance}, one prefill: %s`, (kind) => {
    expect(difference(decoder, [prompts[kind]], logits[kind])).toBeLessThan(tolerance);
  });

  test.each(kinds)(`logits within ${tolerance}, token by token: %s`, (kind) => {
    expect(difference(decoder, pieces(prompts[kind], 1, about.switchesAt), logits[kind])).toBeLessThan(tolerance);
  });

  test(`logits within ${tolerance}, ${piece} tokens after ${piece}`, () => {
    expect(difference(decoder, pieces(prompts.long, piece, about.switchesAt), logits.long)).toBeLessThan(tolerance);
  });

  test(`logits within ${tolerance}, one prefill in chunks of ${piece}`, () => {
    // Shares the weights of `decoder`, which frees them; its own memory goes with the backend.
    const chunked = new Decoder(backend, decoder.spec, decoder.weights, piece);
    expect(difference(chunked, [prompts.long], logits.long)).toBeLessThan(tolerance);
  });

  const continued = (["short", "long", "crossing"] as const).filter((kind) => about[kind]);
  test.each(continued)("the same 32 tokens after the prompt: %s", (kind) => {
    const { prompt, continuation } = about[kind]!;
    expect(continuation).toHaveLength(32);
    expect(mostLikely(decoder, prompt, continuation.length)).toEqual(continuation);
  });
});

/** Logits [V] per token of each tensor [T, V]. */
function byToken(tensors: ReturnType<typeof parseSafetensors>["tensors"]): Record<string, Float32Array[]> {
  const rows = [...tensors].map(([kind, tensor]) => {
    const all = readFloats(tensor, kind);
    const [T, V] = tensor.shape as [number, number];
    return [kind, Array.from({ length: T }, (_, i) => all.subarray(i * V, (i + 1) * V))];
  });
  return Object.fromEntries(rows);
}

/** Cuts ids into pieces; the first is as long as it takes to get past a switch that the whole gets past. */
function pieces(ids: number[], size: number, switchesAt = Infinity): number[][] {
  const cut = [ids.slice(0, ids.length > switchesAt ? switchesAt + 1 : size)];
  for (let i = cut[0]!.length; i < ids.length; i += size) cut.push(ids.slice(i, i + size));
  return cut;
}

/** Runs a sequence piece by piece; the largest difference of a logit from `expected`, one [V] per token. */
function difference(decoder: Decoder, parts: number[][], expected: Float32Array[]): number {
  expect(parts.flat()).toHaveLength(expected.length);
  return withSession(decoder, (session) => {
    let worst = 0;
    for (const ids of parts) {
      const before = session.length;
      session.score(ids, (i, got) => {
        const wanted = expected[before + i]!;
        expect(got).toHaveLength(wanted.length);
        // Math.max keeps a NaN, which is less than no tolerance.
        for (let v = 0; v < wanted.length; v++) worst = Math.max(worst, Math.abs(got[v]! - wanted[v]!));
      });
    }
    return worst;
  });
}

/** The best token after a prompt, and after that, `count` times. */
function mostLikely(decoder: Decoder, prompt: number[], count: number): number[] {
  return withSession(decoder, (session) => {
    const found: number[] = [];
    session.append(prompt);
    for (;;) {
      const logits = session.logits();
      found.push(logits.indexOf(logits.reduce((best, logit) => Math.max(best, logit))));
      if (found.length === count) return found;
      session.append(found.slice(-1));
    }
  });
}

function withSession<T>(decoder: Decoder, use: (session: Session) => T): T {
  const session = decoder.createSession({ kv: "f32" });
  try {
    return use(session);
  } finally {
    session.close();
  }
}
