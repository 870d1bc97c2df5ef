// Samples as token sequences: <|query|> the query <|call|> the calls <|end|>. Structure of the calls (`set_alarm(`) is
// one token each; queries and values are plain text, so a copied value has the tokens that it has in the query.
import { HandheldError } from "../errors.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { CallFormat } from "./formats/format.ts";
import { getCallFormat } from "./formats/registry.ts";
import type { Call, FunctionSchema, Sample } from "./types.ts";

/** The three control tokens of a call model. */
export const callTokens = { query: "<|query|>", call: "<|call|>", end: "<|end|>" } as const;

/** How a call model reads and writes; stored beside the model. */
export interface CallSettings {
  /** A name of `callFormats`. */
  format: string;
  /** How often the query stands in the prompt: twice lets a causal model read it knowing its end. */
  queryRepeats: 1 | 2;
}

/** Token ids, and per token the weight of the loss for predicting it (0: not trained on). */
export interface EncodedExample {
  ids: Int32Array;
  weights: Float32Array;
}

/** Turns samples into ids and ids into calls, for one tokenizer, format and set of functions. */
export interface CallCodec {
  readonly format: CallFormat;
  readonly functions: readonly FunctionSchema[];
  readonly eos: number;
  /** Ids of the structure tokens. */
  readonly structure: readonly number[];
  /** The prompt of a query. */
  prompt(query: string): number[];
  /** The tokens of calls, up to and with the end token. */
  answer(calls: readonly Call[]): number[];
  /** Prompt and answer; the loss falls on the answer. */
  encode(sample: Pick<Sample, "query" | "answers">): EncodedExample;
  /** The calls in an answer's tokens. @throws HandheldError `invalid-call` */
  decode(ids: readonly number[]): Call[];
}

/** The tokens that a call model's vocabulary must hold besides text: control tokens, then structure. */
export function codecTokens(format: CallFormat, functions: readonly FunctionSchema[]) {
  return { special: Object.values(callTokens), literal: format.specialTokens(functions) };
}

/** @throws HandheldError `invalid-file` when the tokenizer, called `where`, lacks one of {@link codecTokens}. */
export function createCallCodec(
  tokenizer: Tokenizer,
  functions: readonly FunctionSchema[],
  settings: CallSettings,
  where = "the tokenizer",
): CallCodec {
  const format = getCallFormat(settings.format);
  const idOf = (token: string): number => {
    const id = tokenizer.tokenToId(token);
    if (id === undefined) {
      throw new HandheldError("invalid-file", `${where} has no token "${token}"; is this model for these functions?`);
    }
    return id;
  };
  const fixed = new Map(format.specialTokens(functions).map((text) => [text, idOf(text)]));
  const control = { query: idOf(callTokens.query), call: idOf(callTokens.call), end: idOf(callTokens.end) };
  const prompt = (query: string): number[] => {
    const ids = tokenizer.encodePlain(query);
    const once = [control.query, ...ids];
    return settings.queryRepeats === 2 ? [...once, ...once, control.call] : [...once, control.call];
  };
  const answer = (calls: readonly Call[]): number[] => {
    const parts = format.parts(calls, functions);
    return [
      ...parts.flatMap(({ text, fixed: isFixed }) => (isFixed ? fixed.get(text)! : tokenizer.encodePlain(text))),
      control.end,
    ];
  };
  return {
    format,
    functions,
    eos: control.end,
    structure: [...fixed.values()],
    prompt,
    answer,
    encode(sample) {
      const head = prompt(sample.query);
      const ids = [...head, ...answer(sample.answers)];
      const weights = new Float32Array(ids.length).fill(1, head.length);
      return { ids: Int32Array.from(ids), weights };
    },
    decode: (ids) => format.parse(tokenizer.decode(ids.filter((id) => id !== control.end))),
  };
}
