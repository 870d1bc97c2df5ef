// Normalisers of tokenizer.json: what becomes of text before it is cut and encoded.
import { invalidFile } from "../errors.ts";
import { AddedTokens } from "./added-tokens.ts";
import { Charsmap } from "./charsmap.ts";
import { type ComponentJson, flatten, insertedText, patternOf, textOf, unknownStep } from "./format.ts";
import { compilePattern } from "./oniguruma.ts";

/** Text → normalised text. */
export type Normalize = (text: string) => string;

/**
 * The normaliser of a file; null where text stays as it is.
 *
 * @throws HandheldError `invalid-file` or `unsupported`; `where` prefixes it
 */
export function createNormalizer(step: ComponentJson | null | undefined, where: string): Normalize | null {
  const steps = flatten(step, "normalizers", where).map((inner) => createStep(inner, where));
  if (steps.length === 0) return null;
  if (steps.length === 1) return steps[0]!;
  return (text) => {
    let normalised = text;
    for (const apply of steps) {
      normalised = apply(normalised);
      // Twenty steps that each double a letter would make a million of it.
      if (normalised.length > 100 * text.length + 10_000)
        throw invalidFile(where, "its normalizer makes too much of a text");
    }
    return normalised;
  };
}

function createStep(step: ComponentJson, where: string): Normalize {
  switch (step.type) {
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD": {
      const form = step.type;
      return (text) => text.normalize(form);
    }
    case "Lowercase":
      // Character by character: a sigma at the end of a word is not a special one.
      return (text) => text.replaceAll("Σ", "σ").toLowerCase();
    case "StripAccents":
      return (text) => text.replace(/\p{M}/gu, "");
    case "Strip":
      return strip(step.strip_left === true, step.strip_right === true);
    case "Prepend": {
      const before = insertedText(step, "prepend", where);
      return (text) => (text === "" ? text : before + text);
    }
    case "Replace":
      return replace(step, where);
    case "Precompiled":
      return precompiled(step, where);
    default:
      throw unknownStep(step, "normalizer", where);
  }
}

function replace(step: ComponentJson, where: string): Normalize {
  const content = insertedText(step, "content", where);
  const pattern = patternOf(step, where);
  if ("literal" in pattern) return (text) => text.replaceAll(pattern.literal, () => content);
  const regex = compilePattern(pattern.regex, where);
  return (text) => text.replace(regex, () => content);
}

function precompiled(step: ComponentJson, where: string): Normalize {
  const table = step.precompiled_charsmap;
  if (table === null || table === "") return (text) => text;
  const map = new Charsmap(decodeBase64(textOf(step, "precompiled_charsmap", where), where), where);
  // `longest` and `keep` are ours: a table that came from tokenizer.model is read as SentencePiece does, and leaves the
  // symbols of its user as they are.
  if (step.longest !== true) return (text) => map.replaceGraphemes(text);
  const keep = (Array.isArray(step.keep) ? step.keep : []).filter((symbol) => typeof symbol === "string");
  if (keep.length === 0) return (text) => map.replaceLongest(text);
  const symbols = new AddedTokens(
    keep.map((content, id) => ({ id, content })),
    ({ content }) => content,
  );
  return (text) =>
    symbols
      .split(text)
      .map(({ id, from, to }) => (id === null ? map.replaceLongest(text.slice(from, to)) : text.slice(from, to)))
      .join("");
}

function strip(left: boolean, right: boolean): Normalize {
  const isSpace = (text: string, at: number) => /\p{White_Space}/u.test(text[at]!);
  return (text) => {
    let [from, to] = [0, text.length];
    while (left && from < to && isSpace(text, from)) from++;
    while (right && to > from && isSpace(text, to - 1)) to--;
    return text.slice(from, to);
  };
}

/** Bytes of base64. @throws HandheldError `invalid-file` */
function decodeBase64(text: string, where: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch (cause) {
    throw invalidFile(where, "precompiled_charsmap is not base64", cause);
  }
}

/** Bytes → base64. */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
