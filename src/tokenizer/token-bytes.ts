// What each token adds to the text, as bytes: the table behind decoding, streaming and constrained decoding.
// Knows byte-level vocabularies (GPT-2) and metaspace ones with byte fallback (SentencePiece); others are refused.
import { HandheldError } from "../errors.ts";
import { unspellBytes } from "./byte-level.ts";
import type { ComponentJson, TokenizerJson } from "./format.ts";

/** Bytes per id, and how text begins. */
export interface TokenTable {
  /** Bytes of each id; empty where no token has the id. */
  bytes: readonly Uint8Array[];
  /** Spaces to drop at the very start of decoded text (the one that SentencePiece puts there). */
  stripSpaces: number;
}

/**
 * Builds the table.
 *
 * @param tokens the token of each id as tokenizer.json spells it; added tokens stand for themselves.
 * @throws HandheldError `unsupported` for decoders that are neither byte-level nor metaspace.
 */
export function buildTokenTable(
  json: TokenizerJson,
  tokens: readonly (string | undefined)[],
  where: string,
): TokenTable {
  const steps = flatten(json.decoder);
  const added = new Set(json.added_tokens.map(({ id }) => id));
  const encoder = new TextEncoder();
  const spell = steps.some(({ type }) => type === "ByteLevel") ? byteLevel(where) : metaspace(steps, where);
  const bytes = Array.from(tokens, (token, id) => {
    if (token === undefined) return new Uint8Array(0);
    return added.has(id) ? encoder.encode(token) : spell(token);
  });
  return { bytes, stripSpaces: leadingSpaces(steps) };
}

function flatten(step: ComponentJson | null | undefined): ComponentJson[] {
  if (!step) return [];
  if (step.type === "Sequence" && Array.isArray(step.decoders))
    return (step.decoders as ComponentJson[]).flatMap(flatten);
  return [step];
}

function byteLevel(where: string): (token: string) => Uint8Array {
  return (token) => {
    const bytes = unspellBytes(token);
    if (bytes !== null) return bytes;
    const hint = "every character must stand for a byte";
    throw new HandheldError("invalid-file", `${where}: token ${JSON.stringify(token)} is not byte-level; ${hint}`);
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
  const replacements = steps.flatMap(replacement);
  const fallback = steps.some(({ type }) => type === "ByteFallback");
  const encoder = new TextEncoder();
  return (token) => {
    const byte = fallback ? /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1] : undefined;
    if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16));
    return encoder.encode(replacements.reduce((text, [from, to]) => text.replaceAll(from, to), token));
  };
}

function replacement(step: ComponentJson): [from: string, to: string][] {
  if (step.type === "Metaspace") return [[String(step.replacement ?? "▁"), " "]];
  const from = step.type === "Replace" ? (step.pattern as { String?: string } | undefined)?.String : undefined;
  return from === undefined ? [] : [[from, String(step.content ?? "")]];
}

function leadingSpaces(steps: ComponentJson[]): number {
  for (const step of steps) {
    if (step.type === "Metaspace" && step.prepend_scheme !== "never" && step.add_prefix_space !== false) return 1;
    if (step.type === "Strip" && step.content === " ") return Number(step.start ?? 0);
  }
  return 0;
}
