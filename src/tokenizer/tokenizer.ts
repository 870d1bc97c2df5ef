// Text ↔ token ids. Encoding is encoder.ts; decoding works on bytes, so that text can be streamed and constrained token
// by token. Runs in browsers; files are in tokenizer-file.ts.
import { HandheldError } from "../errors.ts";
import { Encoder } from "./encoder.ts";
import {
  parseTokenizerConfig,
  parseTokenizerJson,
  roleToken,
  type TokenizerConfig,
  type TokenizerJson,
} from "./format.ts";
import { createFrame, type Frame } from "./post-processor.ts";
import { buildTokenTable, type TokenTable } from "./token-bytes.ts";
import { createVocabulary, type Vocabulary } from "./vocabulary.ts";

/** Options of decoding. */
export interface DecodeOptions {
  /** Leave special tokens (end of text and the like) out. Default false. */
  skipSpecial?: boolean;
}

/** Turns ids into text one at a time. */
export interface StreamDecoder {
  /** The text that becomes certain with this id: whole characters only, possibly none. */
  push(id: number): string;
  /** Ends the text: an unfinished character comes out as U+FFFD. The decoder is then ready for another text. */
  end(): string;
}

/**
 * Makes a tokenizer from parsed tokenizer.json and tokenizer_config.json.
 *
 * @throws HandheldError `invalid-file` when they are malformed, `unsupported` for kinds that cannot be decoded to bytes.
 */
export function createTokenizer(json: unknown, config: unknown = {}, where = "tokenizer.json"): Tokenizer {
  return new Tokenizer(parseTokenizerJson(json, where), parseTokenizerConfig(config, where), where);
}

/** A vocabulary with its rules. Make one with {@link createTokenizer}, `loadTokenizer` or `trainTokenizer`. */
export class Tokenizer {
  /** V: one more than the highest id. */
  readonly size: number;
  /** Ids of the tokens that begin, end and pad a sequence; null where tokenizer_config.json names none. */
  readonly bosId: number | null;
  readonly eosId: number | null;
  readonly padId: number | null;
  /** Ids of special tokens, which {@link DecodeOptions.skipSpecial} leaves out. */
  readonly specialIds: ReadonlySet<number>;
  /** Ids of added tokens, special or not: text that contains them is cut there before anything else. */
  readonly addedIds: ReadonlySet<number>;
  /** The parsed files, as saved. */
  readonly json: TokenizerJson;
  readonly config: TokenizerConfig;
  readonly #vocabulary: Vocabulary;
  readonly #encoder: Encoder;
  readonly #frame: Frame;
  readonly #table: TokenTable;

  /** Takes validated data; use {@link createTokenizer}. */
  constructor(json: TokenizerJson, config: TokenizerConfig, where: string) {
    this.json = json;
    this.config = config;
    this.#vocabulary = createVocabulary(json, where);
    const { model, tokens } = this.#vocabulary;
    this.size = tokens.length;
    this.#encoder = new Encoder(json, model, where);
    this.#frame = createFrame(json.post_processor, where);
    this.#table = buildTokenTable(json, tokens, where);
    this.addedIds = new Set(json.added_tokens.map(({ id }) => id));
    this.specialIds = new Set(json.added_tokens.filter(({ special }) => special).map(({ id }) => id));
    const role = (name: TokenizerConfig["bos_token"]) => this.tokenToId(roleToken(name) ?? "") ?? null;
    this.bosId = role(config.bos_token);
    this.eosId = role(config.eos_token);
    this.padId = role(config.pad_token);
  }

  /**
   * Text → ids. `specialTokens` (default false) adds what the post-processor of tokenizer.json asks for, such as a
   * begin token; special tokens written out in the text are recognised either way.
   */
  encode(text: string, { specialTokens = false }: { specialTokens?: boolean } = {}): number[] {
    const ids: number[] = specialTokens ? [...this.#frame.before] : [];
    this.#encoder.encode(text, true, ids);
    if (specialTokens) ids.push(...this.#frame.after);
    return ids;
  }

  /** Text → ids without looking for added tokens: text that contains `<|end|>` or `set_alarm(` stays text. */
  encodePlain(text: string): number[] {
    const ids: number[] = [];
    this.#encoder.encode(text, false, ids);
    return ids;
  }

  /** Text → ids, as kernels take them. */
  encodeInt32(text: string): Int32Array {
    return Int32Array.from(this.encode(text));
  }

  /**
   * Ids → text. Bytes that are not UTF-8 come out as U+FFFD.
   *
   * @throws HandheldError `invalid-data` on an id outside the vocabulary.
   */
  decode(ids: Iterable<number>, options: DecodeOptions = {}): string {
    const stream = this.stream(options);
    let text = "";
    for (const id of ids) text += stream.push(id);
    return text + stream.end();
  }

  /** A decoder for ids that arrive one at a time; never emits part of a character. */
  stream({ skipSpecial = false }: DecodeOptions = {}): StreamDecoder {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    let strip = this.#table.stripSpaces;
    let isFirst = true;
    return {
      push: (id) => {
        let bytes = this.#bytesOf(id);
        if (skipSpecial && this.specialIds.has(id)) return "";
        if (isFirst) bytes = this.#table.asFirst(id) ?? bytes;
        isFirst = false;
        while (strip > 0 && bytes.length > 0) {
          strip = bytes[0] === 0x20 ? strip - 1 : 0;
          if (bytes[0] === 0x20) bytes = bytes.subarray(1);
        }
        return decoder.decode(bytes, { stream: true });
      },
      end: () => {
        strip = this.#table.stripSpaces;
        isFirst = true;
        return decoder.decode();
      },
    };
  }

  /** Bytes of each id, V entries; empty where no token has the id. Special tokens give the bytes of their name. */
  tokenBytes(): readonly Uint8Array[] {
    return this.#table.bytes;
  }

  /** The id of a token as tokenizer.json spells it (`Ġthe`, `<|endoftext|>`). */
  tokenToId(token: string): number | undefined {
    return this.#vocabulary.added.get(token) ?? this.#vocabulary.model.get(token);
  }

  /** The token of an id as tokenizer.json spells it. */
  idToToken(id: number): string | undefined {
    return this.#vocabulary.tokens[id];
  }

  #bytesOf(id: number): Uint8Array {
    const bytes = this.#table.bytes[id];
    if (bytes !== undefined) return bytes;
    throw new HandheldError("invalid-data", `token id ${id} is outside the vocabulary of ${this.size}`);
  }
}
