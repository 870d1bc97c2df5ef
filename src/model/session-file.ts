// A session as bytes: its tokens with their keys and values, for the same model only. Numbers are little-endian, as in
// WebAssembly. Header: eight u32 (see below); then the ids i32 [tokens]; then, page by page, the used part of each run.
import { HandheldError } from "../errors.ts";
import { type KvFormat, kvPageTokens } from "../kernels/backend.ts";
import { hash32 } from "../random.ts";
import type { Decoder } from "./decoder.ts";
import type { KvPages } from "./kv-pages.ts";
import type { Session } from "./session.ts";

const magic = 0x564b4848; // "HHKV"
const version = 2;
const formats: readonly KvFormat[] = ["int8", "f32"];
const headerBytes = 32;

interface Header {
  magic: number;
  version: number;
  /** Of the architecture. */
  spec: number;
  /** Of a sample of every tensor. */
  weights: number;
  /** Index in `formats`. */
  format: number;
  pageTokens: number;
  tokens: number;
  /** Of everything behind the header. */
  checksum: number;
}

/**
 * The session as bytes, for {@link restoreSession}.
 * @example
 * ```ts
 * await writeFile("chat.session", saveSession(session));
 * ```
 */
export function saveSession(session: Session): Uint8Array {
  const { decoder, pages, length: tokens } = session;
  const bytes = new Uint8Array(savedBytes(pages, tokens));
  bytes.set(asBytes(session.ids), headerBytes);
  copyRows(session, bytes, false);
  const header: Header = {
    magic,
    version,
    ...modelHashes(decoder),
    format: formats.indexOf(pages.format),
    pageTokens: kvPageTokens,
    tokens,
    checksum: checksum(bytes),
  };
  new Uint32Array(bytes.buffer, 0, 8).set(Object.values(header));
  return bytes;
}

/**
 * A session of the tokens in `bytes`, ready for more; `capacity` as in {@link Decoder.createSession}.
 * @throws HandheldError `invalid-file` when the bytes are damaged, of another version or of another model;
 *   ContextOverflowError when they hold more tokens than fit.
 */
export function restoreSession(decoder: Decoder, bytes: Uint8Array, options: { capacity?: number } = {}): Session {
  // Aligned, whatever the caller's bytes are a part of.
  const own = bytes.slice();
  const header = readHeader(own);
  const hashes = modelHashes(decoder);
  check(header.spec === hashes.spec, "is of a model with another architecture; restore it with its own model");
  check(header.weights === hashes.weights, "is of a model with other weights; restore it with its own model");
  const kv = formats[header.format]!;
  const wanted = savedBytes(decoder.pagesOf(kv), header.tokens);
  check(
    own.length === wanted,
    `has ${own.length} bytes, ${header.tokens} tokens need ${wanted}; it is truncated or damaged`,
  );
  check(checksum(own) === header.checksum, "is damaged: the checksum is another; save it again");
  const ids = new Int32Array(own.buffer, headerBytes, header.tokens);
  decoder.checkIds(ids);
  const session = decoder.createSession({ ...options, kv });
  try {
    session.adopt(ids);
    copyRows(session, own, true);
    return session;
  } catch (error) {
    session.close();
    throw error;
  }
}

function readHeader(bytes: Uint8Array): Header {
  check(bytes.length >= headerBytes, `has ${bytes.length} bytes, fewer than its header; it is truncated`);
  const words = [...new Uint32Array(bytes.buffer, 0, 8)] as [number, ...number[]];
  const [first, its, spec, weights, format, pageTokens, tokens, sum] = words;
  check(first === magic, "is something else: it does not begin with HHKV");
  check(its === version, `has version ${its}, this program reads ${version}; save it again`);
  check(pageTokens === kvPageTokens && format! < formats.length, "is written in another form; save it again");
  return {
    magic,
    version,
    spec: spec!,
    weights: weights!,
    format: format!,
    pageTokens: pageTokens!,
    tokens: tokens!,
    checksum: sum!,
  };
}

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new HandheldError("invalid-file", `the saved session ${what}`);
}

function savedBytes(pages: KvPages, tokens: number): number {
  const perToken = pages.pageBytes / kvPageTokens;
  return headerBytes + tokens * (4 + perToken);
}

/**
 * Copies the used part of each run of a session's pages to its place in the saved bytes, or back. Of the last pair of an odd
 * number of tokens only every second byte is the session's.
 */
function copyRows(session: Session, saved: Uint8Array, back: boolean): void {
  const { decoder, pages, length } = session;
  let at = headerBytes + 4 * length;
  const runs = [...pages.runs()];
  session.heldPages().forEach((page, i) => {
    const count = Math.min(kvPageTokens, length - i * kvPageTokens);
    const memory = decoder.backend.u8(page, pages.pageBytes);
    for (const { offset, rowBytes, paired } of runs) {
      const whole = (paired ? count - (count % 2) : count) * rowBytes;
      if (back) memory.set(saved.subarray(at, at + whole), offset);
      else saved.set(memory.subarray(offset, offset + whole), at);
      at += whole;
      if (whole === count * rowBytes) continue;
      for (let j = 0; j < rowBytes; j++, at++) {
        if (back) memory[offset + whole + 2 * j] = saved[at]!;
        else saved[at] = memory[offset + whole + 2 * j]!;
      }
    }
  });
}

/** Hashes that tell models apart: of the architecture, and of 64 bytes from the middle of every tensor. */
function modelHashes({ spec, weights, backend }: Decoder): { spec: number; weights: number } {
  const { context: _, ...shape } = spec;
  const samples = weights.places.map(({ ptr, bytes }) => {
    const begin = ptr + 4 * Math.floor(Math.max(0, bytes - 64) / 8);
    return hash32(...backend.u8(begin, Math.min(64, bytes)));
  });
  const entries = Object.entries(shape).sort(([a], [b]) => (a < b ? -1 : 1));
  return { spec: hash32(JSON.stringify(entries)), weights: hash32(...samples) };
}

function checksum(bytes: Uint8Array): number {
  let sum = 0;
  const words = new Int32Array(bytes.buffer, headerBytes, (bytes.length - headerBytes) >> 2);
  for (const word of words) {
    sum = Math.imul(sum ^ word, 0x9e3779b1);
    sum ^= sum >>> 15;
  }
  return sum >>> 0;
}

function asBytes(ids: Int32Array): Uint8Array {
  return new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
}
