// tokenizer.model: the file of SentencePiece (protocol buffers, sentencepiece_model.proto) as tokenizer.json. Text becomes
// the ids that SentencePiece gives it; its control pieces, such as <s>, are added tokens here and found in text.
import { HandheldError, invalidFile } from "../errors.ts";
import { assemblePieces, frameStep, type PieceModel, pieceKinds, type TokenizerFiles } from "./assemble.ts";
import { encodeBase64 } from "./normalizers.ts";
import { type Field, floatOf, readFields } from "./protobuf.ts";

const modelTypes: Record<number, PieceModel["type"]> = { 1: "unigram", 2: "bpe" };
const mostPieces = 1 << 20;

/** Ids of the pieces with a role, -1 where there is none. */
interface Roles {
  unknown: number;
  bos: number;
  eos: number;
  pad: number;
}

/**
 * Reads a tokenizer.model. `config` is tokenizer_config.json, which says what is put around a text; where it does not, a
 * tokenizer of Llama's or Gemma's class begins with its first token, one of T5's ends with its last.
 *
 * @throws HandheldError `invalid-file` for a damaged file, `unsupported` for its kinds `word` and `char`; `where` prefixes it
 */
export function readSentencePiece(
  bytes: Uint8Array,
  config: Readonly<Record<string, unknown>>,
  where: string,
): TokenizerFiles {
  const model: PieceModel = {
    type: "unigram",
    pieces: [],
    byteFallback: false,
    dummyPrefix: true,
    removeExtraSpaces: true,
    charsmap: "",
  };
  const pieces: PieceModel["pieces"][number][] = [];
  const roles: Roles = { unknown: 0, bos: 1, eos: 2, pad: -1 };
  for (const field of readFields(bytes, where)) {
    if (field.number === 1) pieces.push(readPiece(field.bytes, where));
    else if (field.number === 2) readTrainer(field.bytes, model, roles, where);
    else if (field.number === 3) readNormalizer(field.bytes, model, where);
  }
  if (pieces.length === 0) throw invalidFile(where, "has no pieces; is this a SentencePiece model?");
  if (pieces.length > mostPieces) throw invalidFile(where, `has ${pieces.length} pieces, more than ${mostPieces}`);
  model.pieces = pieces;
  return { json: { ...assemblePieces(model, where), ...frame(pieces, roles, config) }, config: rolesOf(pieces, roles) };
}

function readPiece(message: Uint8Array, where: string): PieceModel["pieces"][number] {
  let piece = "";
  let score = 0;
  let kind: number = pieceKinds.normal;
  for (const field of readFields(message, where)) {
    if (field.number === 1) piece = textOf(field, where);
    else if (field.number === 2) score = floatOf(field);
    else if (field.number === 3) kind = field.integer;
  }
  if (!Number.isFinite(score)) throw invalidFile(where, `the score of ${JSON.stringify(piece)} is not a number`);
  return { piece, score, kind };
}

function readTrainer(message: Uint8Array, model: PieceModel, roles: Roles, where: string): void {
  for (const field of readFields(message, where)) {
    const { number, integer } = field;
    // A 32-bit -1 is written as 64 bits.
    const id = integer >= 2 ** 31 ? -1 : integer;
    if (number === 3) {
      const type = modelTypes[integer];
      if (type === undefined) {
        throw new HandheldError("unsupported", `${where}: its kind ${integer} is neither unigram (1) nor BPE (2)`);
      }
      model.type = type;
    } else if (number === 24 && integer !== 0) {
      throw new HandheldError("unsupported", `${where}: spaces at the end of pieces are not supported`);
    } else if (number === 35) model.byteFallback = integer !== 0;
    else if (number === 40) roles.unknown = id;
    else if (number === 41) roles.bos = id;
    else if (number === 42) roles.eos = id;
    else if (number === 43) roles.pad = id;
  }
}

function readNormalizer(message: Uint8Array, model: PieceModel, where: string): void {
  for (const { number, integer, bytes } of readFields(message, where)) {
    if (number === 2) model.charsmap = encodeBase64(bytes);
    else if (number === 3) model.dummyPrefix = integer !== 0;
    else if (number === 4) model.removeExtraSpaces = integer !== 0;
    else if (number === 5 && integer === 0) {
      throw new HandheldError("unsupported", `${where}: spaces that are not written as ▁ are not supported`);
    }
  }
}

function textOf({ bytes }: Field, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw invalidFile(where, "a piece is not UTF-8; the file is damaged", cause);
  }
}

function rolesOf(pieces: PieceModel["pieces"], roles: Roles): Record<string, unknown> {
  const token = (id: number) => {
    const entry = pieces[id];
    return entry?.kind === pieceKinds.control || entry?.kind === pieceKinds.unknown ? entry.piece : undefined;
  };
  const named = {
    bos_token: token(roles.bos),
    eos_token: token(roles.eos),
    unk_token: token(roles.unknown),
    pad_token: token(roles.pad),
  };
  return Object.fromEntries(Object.entries(named).filter(([, name]) => name !== undefined));
}

function frame(
  pieces: PieceModel["pieces"],
  { bos, eos }: Roles,
  config: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const kind = String(config.tokenizer_class ?? "");
  const adds = (key: string, classes: RegExp) =>
    typeof config[key] === "boolean" ? config[key] === true : classes.test(kind);
  const token = (id: number): [string, number][] => (pieces[id] === undefined ? [] : [[pieces[id].piece, id]]);
  const before = adds("add_bos_token", /Llama|Gemma/) ? token(bos) : [];
  const after = adds("add_eos_token", /T5/) ? token(eos) : [];
  return { post_processor: frameStep(before, after) };
}
