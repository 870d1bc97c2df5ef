// The tokenizer in a GGUF file's metadata as tokenizer.json and tokenizer_config.json.
import { HandheldError, invalidFile, quoteValue } from "../errors.ts";
import {
  assemblePieces,
  bpeModel,
  byteLevelSteps,
  frameStep,
  pieceKinds,
  plainAddedToken,
  type TokenizerFiles,
  uniqueIds,
} from "../tokenizer/assemble.ts";
import type { GgufHeader, GgufValue } from "./header.ts";
import { preTokenizers, stepsOf } from "./pre-tokenizers.ts";

/** @throws HandheldError `invalid-file` where metadata is missing or wrong, `unsupported` for kinds that are not known */
export function ggufTokenizer({ metadata }: GgufHeader, where: string): TokenizerFiles {
  const model = metadata.get("tokenizer.ggml.model");
  const tokens = strings(metadata, "tokenizer.ggml.tokens", where);
  // llama.cpp's kinds of tokens are SentencePiece's.
  const types = metadata.get("tokenizer.ggml.token_type") ?? tokens.map(() => pieceKinds.normal);
  if (!Array.isArray(types) || types.length !== tokens.length) {
    throw invalidFile(where, `has ${tokens.length} tokens, but not as many of "tokenizer.ggml.token_type"`);
  }
  const [bos, eos, unknown, padding] = ["bos", "eos", "unknown", "padding"].map((role) => {
    const id = metadata.get(`tokenizer.ggml.${role}_token_id`);
    return typeof id === "number" ? tokens[id] : undefined;
  });
  const config: Record<string, unknown> = { bos_token: bos, eos_token: eos, unk_token: unknown, pad_token: padding };
  const template = metadata.get("tokenizer.chat_template");
  if (typeof template === "string") config.chat_template = template;
  const addsBos = metadata.get("tokenizer.ggml.add_bos_token") ?? model === "llama";
  if (model !== "llama" && model !== "gpt2") {
    return unsupported(
      `${where}: tokenizer ${model === undefined ? "none" : quoteValue(model)} is not supported, only "gpt2" and "llama"`,
    );
  }
  const json = {
    ...(model === "llama"
      ? sentencePiece(metadata, tokens, types as number[], where)
      : byteLevel(metadata, tokens, types as number[], where)),
    post_processor: frameStep(addsBos && bos !== undefined ? [[bos, tokens.indexOf(bos)]] : [], []),
  };
  return { json, config };
}

/** Byte-level BPE, as GPT-2 has it. */
function byteLevel(
  metadata: ReadonlyMap<string, GgufValue>,
  tokens: readonly string[],
  types: readonly number[],
  where: string,
): Record<string, unknown> {
  const pre = metadata.get("tokenizer.ggml.pre") ?? "gpt-2";
  const steps = typeof pre === "string" ? stepsOf(pre) : undefined;
  if (steps === undefined) {
    const known = Object.keys(preTokenizers).join(", ");
    return unsupported(`${where}: pre-tokenizer ${quoteValue(pre)} is not supported; known: ${known}`);
  }
  const apart = new Set<number>([pieceKinds.control, pieceKinds.userDefined, pieceKinds.unknown]);
  const added = tokens.flatMap((content, id) => {
    if (!apart.has(types[id]!)) return [];
    if (content === "") throw invalidFile(where, `token ${id} is special and empty`);
    return [plainAddedToken(id, content, types[id] !== pieceKinds.userDefined)];
  });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    ...byteLevelSteps(steps),
    model: bpeModel({
      vocab: uniqueIds(tokens, where, (id) => !apart.has(types[id]!)),
      merges: strings(metadata, "tokenizer.ggml.merges", where).map((merge) => merge.split(" ")),
    }),
  };
}

/** SentencePiece's BPE, as Llama has it: pieces with scores, spaces as ▁, bytes where there is no piece. */
function sentencePiece(
  metadata: ReadonlyMap<string, GgufValue>,
  tokens: readonly string[],
  types: readonly number[],
  where: string,
): Record<string, unknown> {
  const scores = metadata.get("tokenizer.ggml.scores");
  if (!Array.isArray(scores) || scores.length !== tokens.length) {
    throw invalidFile(where, `has ${tokens.length} tokens, but not as many of "tokenizer.ggml.scores"`);
  }
  return assemblePieces(
    {
      type: "bpe",
      pieces: tokens.map((token, id) => {
        // Symbols of the user have spaces there as text has them, not as the other pieces.
        const piece = types[id] === pieceKinds.userDefined ? token.replaceAll(" ", "▁") : token;
        return { piece, score: scores[id] as number, kind: types[id]! };
      }),
      byteFallback: true,
      dummyPrefix: (metadata.get("tokenizer.ggml.add_space_prefix") ?? true) === true,
      removeExtraSpaces: metadata.get("tokenizer.ggml.remove_extra_whitespaces") === true,
      charsmap: "",
    },
    where,
  );
}

function strings(metadata: ReadonlyMap<string, GgufValue>, key: string, where: string): string[] {
  const value = metadata.get(key);
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value as string[];
  throw invalidFile(where, `metadata "${key}" ${value === undefined ? "is missing" : "is not a list of strings"}`);
}

function unsupported(message: string): never {
  throw new HandheldError("unsupported", message);
}
