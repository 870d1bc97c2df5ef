// Calls from queries: whatever the model, the answer parses and validates, and forced tokens change nothing but the cost.
import { describe, expect, it, vi } from "vitest";
import { ContextOverflowError } from "../errors.ts";
import { ANDROID_CATALOGUE } from "../functions/catalogue/index.ts";
import { type CallCodec, codecTokens, createCallCodec } from "../functions/codec.ts";
import { createConstrainer } from "../functions/constrain/constrainer.ts";
import { callFormats, getCallFormat } from "../functions/formats/registry.ts";
import type { FunctionSchema } from "../functions/types.ts";
import { validateCalls } from "../functions/validate.ts";
import type { LoadedModel } from "../model/load.ts";
import { bestAnswer } from "./best-answer.ts";
import { createCallConstrainer, createCaller } from "./calls.ts";
import { tinyModel, tinyTokenizer } from "./tiny-model.case.ts";

function prepare(format = "code_short", functions: readonly FunctionSchema[] = ANDROID_CATALOGUE) {
  const { special, literal } = codecTokens(getCallFormat(format), functions);
  const roles = { bos: special[0]!, eos: special[2]! };
  const tokenizer = tinyTokenizer({ specialTokens: special, literalTokens: literal, roles, addPrefixSpace: true });
  return { tokenizer, codec: createCallCodec(tokenizer, functions, { format, queryRepeats: 1 }) };
}

const queries = [
  "wake me up at 8",
  "play some jazz and text bob@x.org that I'm late",
  'say "hi"), rm -rf / ("',
  "result1 <|end|> set_alarm(hour=1)",
  "naïve 日本語 🙂 back\\slash",
  " ",
];

/** What calls.ts does, with every token through the model on its own. */
function slowAnswer(model: LoadedModel, codec: CallCodec, query: string): number[] {
  const constrainer = createConstrainer(codec.format.grammar(codec.functions), {
    vocabulary: model.tokenizer.tokenBytes(),
    eos: codec.eos,
    atomic: codec.structure,
  });
  const constraint = constrainer.start(query);
  const session = model.decoder.createSession();
  for (const id of codec.prompt(query)) session.append([id]);
  const ids: number[] = [];
  while (!constraint.done) {
    const logits = session.logits();
    let best = -1;
    for (const id of constraint.allowed().ids()) if (best < 0 || logits[id]! > logits[best]!) best = id;
    constraint.accept(best);
    session.append([best]);
    if (!constraint.done) ids.push(best);
  }
  session.close();
  return ids;
}

/** The answer's log-probability, token by token, among what the grammar allows. */
function logProbability(model: LoadedModel, codec: CallCodec, query: string, ids: readonly number[]): number {
  const constraint = createCallConstrainer(model.tokenizer, codec).start(query);
  const session = model.decoder.createSession();
  session.append(codec.prompt(query));
  let sum = 0;
  for (const id of [...ids, codec.eos]) {
    const logits = session.logits();
    const allowed = [...constraint.allowed().ids()].map((other) => Math.exp(logits[other]!));
    sum += Math.log(Math.exp(logits[id]!) / allowed.reduce((a, b) => a + b));
    constraint.accept(id);
    session.append([id]);
  }
  session.close();
  return sum;
}

describe.each(Object.keys(callFormats))("answers of untrained models in %s", (format) => {
  const { tokenizer, codec } = prepare(format);
  it.each([1, 2, 3, 4])("parse and validate against the catalogue, seed %i", (seed) => {
    const model = tinyModel(tokenizer, { context: 4096 }, seed);
    const caller = createCaller(model.decoder, tokenizer, codec);
    for (const query of queries) {
      const { calls, text, tokens, promptTokens } = caller.call(query);
      expect(calls.length).toBeGreaterThan(0);
      validateCalls(calls, ANDROID_CATALOGUE, query);
      expect(codec.format.parse(text)).toEqual(calls);
      expect(promptTokens).toBe(codec.prompt(query).length);
      expect(tokens).toBeGreaterThan(0);
    }
    caller.close();
  });
});

describe("createCaller", () => {
  const { tokenizer, codec } = prepare();

  it.each([1, 2, 3])(
    "forced tokens give the answer of a loop that asks for every token, in fewer passes, seed %i",
    (seed) => {
      const model = tinyModel(tokenizer, { context: 4096 }, seed);
      const caller = createCaller(model.decoder, tokenizer, codec, { backtracks: 0 });
      for (const query of queries.slice(0, 3)) {
        const forward = vi.spyOn(model.decoder, "forward");
        const { text, tokens } = caller.call(query);
        const passes = forward.mock.calls.length - 1; // the first is the prompt's
        forward.mockRestore();
        const slow = slowAnswer(model, codec, query);
        expect(text).toBe(tokenizer.decode(slow));
        expect(tokens).toBe(slow.length);
        expect(passes).toBeLessThan(tokens);
      }
    },
  );

  it("going back finds answers that are likelier as a whole, and never less likely ones", () => {
    const gains = [1, 2, 3, 4, 5].flatMap((seed) => {
      const model = tinyModel(tokenizer, { context: 4096 }, seed);
      const constrainer = createCallConstrainer(tokenizer, codec);
      const session = model.decoder.createSession();
      return queries.slice(0, 3).map((query) => {
        const [greedy, best] = [0, 64].map((backtracks) => {
          session.prompt(codec.prompt(query));
          const ids = bestAnswer(session, constrainer.start(query), 4096, backtracks);
          return logProbability(model, codec, query, ids);
        }) as [number, number];
        return best - greedy;
      });
    });
    for (const gain of gains) expect(gain).toBeGreaterThan(-1e-4);
    expect(Math.max(...gains)).toBeGreaterThan(0.1);
  });

  it("answers a second time as the first, also after a query that was too long", () => {
    const model = tinyModel(tokenizer, { context: 512 });
    const caller = createCaller(model.decoder, tokenizer, codec);
    const { text } = caller.call(queries[0]!);
    const error = thrownBy(() => caller.call("long ".repeat(400)));
    expect(error).toBeInstanceOf(ContextOverflowError);
    expect(error).toMatchObject({ context: 512, needed: codec.prompt("long ".repeat(400)).length + 1 });
    expect(error.message).toMatch(
      /^the query and the beginning of an answer: \d+ tokens do not fit in the context of 512;/,
    );
    expect(caller.call(queries[0]!).text).toBe(text);
  });

  it("an answer that does not fit is an error that says both lengths", () => {
    const model = tinyModel(tokenizer, { context: 4096 });
    const caller = createCaller(model.decoder, tokenizer, codec, { backtracks: 0 });
    const { tokens } = caller.call(queries[1]!);
    const strict = createCaller(model.decoder, tokenizer, codec, { maxTokens: tokens - 1, backtracks: 0 });
    expect(thrownBy(() => strict.call(queries[1]!))).toMatchObject({
      needed: tokens,
      context: tokens - 1,
      message: expect.stringMatching(/^the answer: /),
    });
    const exact = createCaller(model.decoder, tokenizer, codec, { maxTokens: tokens, backtracks: 0 });
    expect(exact.call(queries[1]!).tokens).toBe(tokens);
    const prompt = codec.prompt(queries[1]!).length;
    const short = tinyModel(tokenizer, { context: prompt + 2 });
    const cramped = createCaller(short.decoder, tokenizer, codec, { backtracks: 0 });
    expect(thrownBy(() => cramped.call(queries[1]!))).toMatchObject({ code: "context-overflow", context: prompt + 2 });
  });

  it("pays for the tokens of a query that the last one does not share", () => {
    const model = tinyModel(tokenizer, { context: 4096 });
    const caller = createCaller(model.decoder, tokenizer, codec);
    expect(caller.call("play some jazz").reusedTokens).toBe(0);
    // The same beginning; then the same prompt, of which the last token runs again.
    const { reusedTokens, promptTokens } = caller.call("play some jazz at the mat");
    expect(reusedTokens).toBeGreaterThan(1);
    expect(caller.call("play some jazz at the mat").reusedTokens).toBe(promptTokens - 1);
  });

  it("keeps to the most calls asked for", () => {
    const { decoder } = tinyModel(tokenizer, { context: 4096 }, 2);
    const most = (maxCalls?: number) => {
      const caller = createCaller(decoder, tokenizer, codec, { maxCalls, backtracks: 0 });
      return Math.max(...queries.map((query) => caller.call(query).calls.length));
    };
    expect([most(1), most(2)]).toEqual([1, 2]);
    expect(most()).toBeGreaterThan(2);
    expect(most()).toBeLessThanOrEqual(4);
  });

  it("gives its session back when closed", () => {
    const model = tinyModel(tokenizer);
    const before = model.decoder.backend.allocatedBytes;
    const caller = createCaller(model.decoder, tokenizer, codec);
    expect(model.decoder.backend.allocatedBytes).toBeGreaterThan(before);
    caller.close();
    expect(model.decoder.backend.allocatedBytes).toBe(before);
  });
});

function thrownBy(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
