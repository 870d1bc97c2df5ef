// What each token adds to the text, as bytes: the table behind decoding, streaming and constrained decoding.
// Knows byte-level vocabularies (GPT-2) and metaspace ones with byte fallback (SentencePiece); others are refused.
import { HandheldError, invalidFile } from "../errors.ts";
import { unspellBytes } from "./byte-level.ts";
import { type ComponentJson, flatten, insertedText, patternOf, type TokenizerJson, textOf } from "./format.ts";

/** Bytes per id, and how text begins. */
export interface TokenTable {
  /** Bytes of each id; empty where no token has the id. */
  bytes: readonly Uint8Array[];
  /** Spaces to drop at the very start of decoded text (the one that SentencePiece puts there). */
  stripSpaces: number;
  /** Bytes of an id where it begins the text, if they are others. */
  asFirst(id: number): Uint8Array | undefined;
}

/**
 * Builds the table.
 *
 * @param tokens the token of each id as tokenizer.json spells it
 * @throws HandheldError `unsupported` for decoders that are neither byte-level nor metaspace.
 */
export function buildTokenTable(
  json: TokenizerJson,
  tokens: readonly (string | undefined)[],
  where: string,
): TokenTable {
  const steps = flatten(json.decoder, "decoders", where);
  const encoder = new TextEncoder();
  const isByteLevel = steps.some(({ type }) => type === "ByteLevel");
  // Here added tokens stand for themselves; Python reads their accented letters as bytes.
  const added = new Set(isByteLevel ? json.added_tokens.map(({ id }) => id) : []);
  const spell = isByteLevel ? (token: string) => unspellBytes(token) ?? encoder.encode(token) : metaspace(steps, where);
  const bytes = Array.from(tokens, (token, id) => {
    if (token === undefined) return new Uint8Array(0);
    return added.has(id) ? encoder.encode(token) : spell(token);
  });
  // This decoder drops every space of the first token, not one alone.
  const dropped = steps.find(
    (step) => step.type === "Metaspace" && step.prepend_scheme !== "never" && step.add_prefix_space !== false,
  );
  const space = dropped === undefined ? null : spaceOf(dropped, where);
  return {
    bytes,
    stripSpaces: leadingSpaces(steps),
    asFirst: (id) => {
      const token = space === null ? undefined : tokens[id];
      return token?.includes(space!) ? encoder.encode(token.replaceAll(space!, "")) : undefined;
    },
  };
}

function metaspace(steps: ComponentJson[], where: string): (token: string) => Uint8Array {
  const known = ["Metaspace", "Replace", "ByteFallback", "Fuse", "Strip"];
  const strange = steps.find(({ type }) => !known.includes(type));
  if (strange !== undefined || steps.length === 0) {
    const got = strange === undefined ? "no decoder" : `decoder "${strange.type}"`;
    throw new HandheldError(
      "unsupported",
      `${where}: ${got} is not supported; use a byte-level or metaspace tokenizer`,
    );
  }
  const replacements = steps.flatMap((step) => replacement(step, where));
  const fallback = steps.some(({ type }) => type === "ByteFallback");
  const encoder = new TextEncoder();
  return (token) => {
    const byte = fallback ? /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1] : undefined;
    if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16));
    let text = token;
    for (const [from, to] of replacements) {
      text = text.replaceAll(from, () => to);
      if (text.length > 100 * token.length + 10_000) throw invalidFile(where, "its decoder makes too much of a token");
    }
    return encoder.encode(text);
  };
}

function spaceOf(step: ComponentJson, where: string): string {
  return step.replacement === undefined ? "▁" : textOf(step, "replacement", where);
}

function replacement(step: ComponentJson, where: string): [from: string, to: string][] {
  if (step.type === "Metaspace") return [[spaceOf(step, where), " "]];
  if (step.type !== "Replace") return [];
  const pattern = patternOf(step, where);
  if ("literal" in pattern) return [[pattern.literal, insertedText(step, "content", where)]];
  throw new HandheldError("unsupported", `${where}: a decoder that replaces by a Regex is not supported`);
}

function leadingSpaces(steps: ComponentJson[]): number {
  const strip = steps.find(({ type, content }) => type === "Strip" && content === " ");
  return strip === undefined ? 0 : Number(strip.start) || 0;
}
