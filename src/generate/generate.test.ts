// Text generation: its events against a slow loop that starts every token afresh.
import { describe, expect, it, vi } from "vitest";
import { ContextOverflowError } from "../errors.ts";
import { createConstrainer } from "../functions/constrain/constrainer.ts";
import { getCallFormat } from "../functions/formats/registry.ts";
import { validateCalls } from "../functions/validate.ts";
import type { LoadedModel } from "../model/load.ts";
import { PrefixCache } from "../model/prefix-cache.ts";
import { frameStep } from "../tokenizer/assemble.ts";
import { createTokenizer } from "../tokenizer/tokenizer.ts";
import { type GenerateEvent, type GenerateOptions, generate } from "./generate.ts";
import { createSampler } from "./sampler.ts";
import { tinyModel, tinyTokenizer } from "./tiny-model.case.ts";

type Done = Extract<GenerateEvent, { type: "done" }>;

async function collect(model: LoadedModel, prompt: string | number[], options: GenerateOptions = {}) {
  const pieces: string[] = [];
  let done: Done | null = null;
  for await (const event of generate(model, prompt, options)) {
    expect(done).toBeNull(); // `done` is the last
    if (event.type === "text") pieces.push(event.text);
    else done = event;
  }
  expect(pieces).not.toContain("");
  expect(pieces.join("")).toBe(done!.text);
  return { ...done!, pieces };
}

/** The tokens that a fresh session per token gives. */
function slowTokens(
  model: LoadedModel,
  prompt: readonly number[],
  count: number,
  options: GenerateOptions = {},
): number[] {
  const sampler = createSampler(options);
  const ids = [...prompt];
  for (let i = 0; i < count; i++) {
    const session = model.decoder.createSession();
    session.append(ids);
    ids.push(sampler.sample(session.logits(), ids));
    session.close();
  }
  return ids.slice(prompt.length);
}

const prompt = "the cat sat";

describe("generate", () => {
  const model = tinyModel();
  const ids = model.tokenizer.encode(prompt);
  const textOf = (tokens: readonly number[]) => model.tokenizer.decode(tokens, { skipSpecial: true });

  it("a text begins with the tokenizer's own token, ids and what goes on with a session do not", async () => {
    const { tokenizer } = model;
    const begin: [string, number] = [tokenizer.idToToken(tokenizer.eosId!)!, tokenizer.eosId!];
    const json = { ...tokenizer.json, post_processor: frameStep([begin], []) };
    const begun = { ...model, tokenizer: createTokenizer(json, tokenizer.config) };
    expect((await collect(begun, prompt, { maxTokens: 1 })).promptTokens).toBe(ids.length + 1);
    expect((await collect(begun, ids, { maxTokens: 1 })).promptTokens).toBe(ids.length);
    const session = model.decoder.createSession();
    await collect(begun, prompt, { maxTokens: 1, session });
    expect((await collect(begun, prompt, { maxTokens: 1, session })).promptTokens).toBe(ids.length);
    session.close();
  });

  it.each([
    ["greedy", {}],
    ["sampled", { temperature: 1, seed: 5 }],
    ["sampled from a few, without repeating", { temperature: 2, topK: 20, repetitionPenalty: 1.5, seed: 6 }],
  ])("%s: streams the text of all tokens, of which many are parts of characters", async (_how, options) => {
    const wanted = slowTokens(model, ids, 40, options);
    const { text, tokens, reason, promptTokens, pieces } = await collect(model, prompt, { maxTokens: 40, ...options });
    expect({ text, tokens, reason, promptTokens }).toEqual({
      text: textOf(wanted),
      tokens: 40,
      reason: "length",
      promptTokens: ids.length,
    });
    expect(pieces.length).toBeGreaterThan(1);
  });

  it("takes ids as well, and the same seed gives the same text", async () => {
    const options = { maxTokens: 30, temperature: 1.5, seed: 9 };
    const { text } = await collect(model, prompt, options);
    expect((await collect(model, ids, options)).text).toBe(text);
    expect((await collect(model, ids, { ...options, seed: 10 })).text).not.toBe(text);
  });

  it("counts the prompt as text that should not be repeated", async () => {
    const long = Array.from({ length: 40 }, (_, i) => 6 * i);
    const options = { maxTokens: 12, temperature: 1, repetitionPenalty: 10, seed: 4 };
    const { text } = await collect(model, long, options);
    expect(text).toBe(textOf(slowTokens(model, long, 12, options)));
    expect(text).not.toBe((await collect(model, long, { ...options, repetitionPenalty: 1 })).text);
  });

  it("ends at an end token, which is neither counted nor shown", async () => {
    const tokens = slowTokens(model, ids, 6, { temperature: 1, seed: 2 });
    const end = tokens.findIndex((id, i) => i >= 3 && tokens.indexOf(id) === i);
    const ending = { ...model, eosIds: new Set([tokens[end]!]) };
    const done = await collect(ending, ids, { temperature: 1, seed: 2 });
    expect(done).toMatchObject({ reason: "eos", tokens: end, text: textOf(tokens.slice(0, end)) });
  });

  it("ends before a stop string", async () => {
    const options = { maxTokens: 40, temperature: 1, seed: 5 };
    const whole = (await collect(model, prompt, options)).text;
    const stop = whole.slice(9, 12);
    const { text, reason, tokens } = await collect(model, prompt, { ...options, stop: ["not there", stop] });
    expect({ text, reason }).toEqual({ text: whole.slice(0, whole.indexOf(stop)), reason: "stop" });
    expect(tokens).toBeLessThan(40);
    const never = await collect(model, prompt, { ...options, stop: [`${whole.slice(-2)}never`] });
    expect(never).toMatchObject({ text: whole, reason: "length" });
  });

  it("ends when the signal says so, with what there is", async () => {
    const abort = new AbortController();
    let text = "";
    let last: GenerateEvent | undefined;
    for await (const event of generate(model, prompt, { temperature: 1, signal: abort.signal })) {
      last = event;
      if (event.type === "text") text += event.text;
      if (text.length > 3) abort.abort();
    }
    expect(last).toMatchObject({ type: "done", reason: "aborted", text });
    expect((last as Done).tokens).toBeLessThan(20);
    const before = await collect(model, prompt, { signal: AbortSignal.abort() });
    expect(before).toMatchObject({ reason: "aborted", text: "", tokens: 0 });
  });

  it("lets a timer abort it between tokens", async () => {
    const long = tinyModel(model.tokenizer, { context: 4096 });
    const signal = AbortSignal.timeout(20);
    const { reason, tokens } = await collect(long, prompt, { temperature: 1, signal });
    expect(reason).toBe("aborted");
    expect(tokens).toBeLessThan(4000);
  });

  it("fills the context and no more when it is not told how much to say", async () => {
    const unending = { ...model, eosIds: new Set<number>() };
    const done = await collect(unending, prompt);
    expect(done).toMatchObject({ reason: "length", tokens: model.spec.context - ids.length });
    expect(await collect(unending, Array<number>(64).fill(65))).toMatchObject({ tokens: 1 });
  });

  it("says both lengths when prompt and answer do not fit, before anything is said", async () => {
    const overflow = async (promptTokens: number, maxTokens?: number) => {
      const error = await collect(model, Array<number>(promptTokens).fill(65), { maxTokens }).catch((e) => e);
      expect(error).toBeInstanceOf(ContextOverflowError);
      return { needed: error.needed, context: error.context, message: error.message };
    };
    expect(await overflow(50, 20)).toMatchObject({
      needed: 69, // the last one is never read
      context: 64,
      message: expect.stringMatching(
        /^a prompt of 50 tokens and 20 new ones: 69 tokens do not fit in the context of 64;/,
      ),
    });
    expect(await overflow(65)).toMatchObject({
      needed: 65,
      message: expect.stringMatching(/^a prompt of 65 tokens and 1 new one: 65 tokens do not fit/),
    });
    expect((await collect(model, Array<number>(50).fill(65), { maxTokens: 15, temperature: 1 })).tokens).toBe(15);
  });

  it("refuses an empty prompt, a senseless length and options out of range", async () => {
    await expect(collect(model, "")).rejects.toThrow(/^the prompt is empty; give/);
    for (const maxTokens of [0, -1, 1.5, Number.NaN]) {
      await expect(collect(model, prompt, { maxTokens })).rejects.toMatchObject({
        code: "invalid-option",
        message: `maxTokens must be a whole number above 0, got ${maxTokens}`,
      });
    }
    await expect(collect(model, prompt, { topP: 2 })).rejects.toThrow(/topP must be between 0 and 1/);
  });

  it("continues a session, which stays open", async () => {
    const session = model.decoder.createSession();
    session.append(ids);
    const more = model.tokenizer.encode(" on the mat");
    const { text, promptTokens } = await collect(model, more, { session, maxTokens: 8 });
    expect(promptTokens).toBe(more.length);
    expect(text).toBe(textOf(slowTokens(model, [...ids, ...more], 8)));
    expect(session.length).toBe(ids.length + more.length + 7);
    const left = session.capacity - session.length;
    await expect(collect(model, [1], { session, maxTokens: left + 1 })).rejects.toThrow(/65 tokens do not fit/);
    expect(await collect(model, [1], { session, maxTokens: left })).toMatchObject({ tokens: left });
    session.close();
  });

  it("frees its session at the end, at an error and when the reader leaves early", async () => {
    const { backend } = model.decoder;
    const before = backend.allocatedBytes;
    await collect(model, prompt, { maxTokens: 3 });
    await collect(model, [model.spec.vocabulary]).catch(() => {});
    for await (const _ of generate(model, prompt, { temperature: 1 })) break;
    expect(backend.allocatedBytes).toBe(before);
  });
});

describe("generate for many at once", () => {
  const model = tinyModel(tinyTokenizer(), { context: 256 });
  const { backend } = model.decoder;
  const options = (seed: number): GenerateOptions => ({ maxTokens: 40, temperature: 1.2, topP: 0.95, seed });

  it("gives each the text it would have alone, whoever reads when", async () => {
    const prompts = ["the cat sat", "wake me up", "play some jazz on the mat"];
    const alone = await Promise.all(prompts.map((text, i) => collect(model, text, options(i))));
    const streams = prompts.map((text, i) => generate(model, text, options(i)));
    const texts = prompts.map(() => "");
    // In turns: one event of each, then the next of each.
    for (let open = streams.length; open > 0; ) {
      open = 0;
      for (const [i, stream] of streams.entries()) {
        const { done, value } = await stream.next();
        if (done) continue;
        open++;
        if (value.type === "text") texts[i] += value.text;
      }
    }
    expect(texts).toEqual(alone.map(({ text }) => text));
  });

  it("through a prefix cache: the same text, and only new tokens are paid for", async () => {
    const before = backend.allocatedBytes;
    const prefixes = new PrefixCache(model.decoder);
    const system = "the dog sat on the log and the cat sat on the mat. ".repeat(2);
    const forward = vi.spyOn(model.decoder, "forward");
    const paid = () => forward.mock.calls.splice(0)[0]![1];
    for (const [i, question] of ["wake me", "play", "play", "play some"].entries()) {
      const ids = model.tokenizer.encode(system + question);
      const without = await collect(model, ids, options(i));
      expect(without.reusedTokens).toBe(0);
      expect(paid()).toBe(ids.length);
      const { text, reusedTokens, promptTokens } = await collect(model, ids, { ...options(i), prefixes });
      expect(text).toBe(without.text);
      expect(promptTokens).toBe(ids.length);
      if (i > 0) expect(reusedTokens).toBeGreaterThanOrEqual(model.tokenizer.encode(system).length - 1);
      expect(paid()).toBe(ids.length - reusedTokens);
    }
    forward.mockRestore();
    // Left early, and failed.
    for await (const _ of generate(model, system, { temperature: 1, prefixes })) break;
    await collect(model, [model.spec.vocabulary], { prefixes }).catch(() => {});
    prefixes.close();
    expect(backend.allocatedBytes).toBe(before);
  });

  it("continues a conversation from where it was", async () => {
    const prefixes = new PrefixCache(model.decoder);
    const first = model.tokenizer.encode("the cat sat");
    const greedy = { maxTokens: 10, prefixes };
    const unending = { ...model, eosIds: new Set<number>() };
    const { tokens } = await collect(unending, first, greedy);
    const said = slowTokens(model, first, tokens);
    const next = [...first, ...said, ...model.tokenizer.encode(" and")];
    // All that was read is known: the prompt and the answer but for its last token.
    const { reusedTokens, text } = await collect(unending, next, greedy);
    expect(reusedTokens).toBe(first.length + tokens - 1);
    expect(text).toBe(model.tokenizer.decode(slowTokens(model, next, 10), { skipSpecial: true }));
    prefixes.close();
  });
});

describe("generate with a constraint", () => {
  const format = getCallFormat("code_short");
  const functions = [
    {
      name: "play",
      parameters: { type: "object" as const, properties: { song: { type: "string" as const, extractive: true } } },
    },
    { name: "stop", parameters: { type: "object" as const, properties: {} } },
  ];

  it("says only what the grammar allows, and ends when it does", async () => {
    const tokenizer = tinyTokenizer({ literalTokens: format.specialTokens(functions) });
    const eos = tokenizer.eosId!;
    const constrainer = createConstrainer(format.grammar(functions), { vocabulary: tokenizer.tokenBytes(), eos });
    const texts = new Set<string>();
    for (let seed = 0; seed < 12; seed++) {
      const model = tinyModel(tokenizer, { context: 256 }, seed);
      const constraint = constrainer.start(prompt);
      const { text, reason } = await collect(model, prompt, { constraint, temperature: 1, seed });
      expect(reason).toBe("eos");
      const calls = format.parse(text);
      expect(calls.length).toBeGreaterThan(0);
      validateCalls(calls, functions, prompt);
      texts.add(text);
    }
    expect(texts.size).toBeGreaterThan(6);
  });
});
