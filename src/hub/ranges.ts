// A file's bytes in order from anywhere in it, over as many connections as are allowed: broken ones are taken up again where
// they ended, and a large file comes in several ranges at once, of which the later ones wait in memory for their turn.
import { HubError, type Subject } from "./errors.ts";
import { type Exchange, type HubClient, Transient } from "./http.ts";
import { Piece } from "./piece.ts";
import type { Release, Slots } from "./slots.ts";

/** A file to read from a hub. */
export interface RemoteFile {
  url: string;
  sizeBytes: number;
  subject: Subject & { file: string };
}

/** How files are read. */
export interface RangeOptions {
  /** Shared by all files of a pull: one for each range that is on its way or waits in memory. */
  slots: Slots;
  /** Bytes of a range, and the most that one holds in memory. */
  pieceBytes: number;
}

/**
 * Bytes from `begin` to the end of the file.
 *
 * @throws HubError `checksum` when the server's file has another length; else as {@link HubClient.open} after retries
 */
export async function* readFrom(
  client: HubClient,
  file: RemoteFile,
  begin: number,
  { slots, pieceBytes }: RangeOptions,
): AsyncGenerator<Uint8Array> {
  const ranges: Range[] = [];
  let next = begin;
  const add = (release: Release, first: boolean) => {
    const end = Math.min(file.sizeBytes, next + pieceBytes);
    ranges.push(new Range(client, file, { begin: next, end, first }, pieceBytes, release));
    next = end;
  };
  const addMore = () => {
    while (next < file.sizeBytes) {
      const release = slots.tryTake();
      if (release === null) return;
      add(release, false);
    }
  };
  try {
    for (let first = true; next < file.sizeBytes || ranges.length > 0; first = false) {
      if (ranges.length === 0) add(await slots.take(client.signal), first);
      const range = ranges[0]!;
      // Only once the server has shown that it knows ranges are more of them asked for.
      if (first && (await range.goesToTheEnd)) next = file.sizeBytes;
      for (;;) {
        addMore();
        const chunk = await range.piece.shift();
        if (chunk === null) break;
        yield chunk;
      }
      await range.end();
      ranges.shift();
    }
  } finally {
    await Promise.all(ranges.map((range) => range.end()));
  }
}

interface Extent {
  begin: number;
  end: number;
  /** The first of its file: it goes on to the end of the file where the server does not know ranges. */
  first: boolean;
}

// A range on its way.
class Range {
  readonly piece: Piece;
  /** Known once the server has answered. */
  readonly goesToTheEnd: Promise<boolean>;
  private readonly release: Release;
  private readonly stop = new AbortController();
  private readonly filled: Promise<void>;

  constructor(client: HubClient, file: RemoteFile, extent: Extent, mostHeldBytes: number, release: Release) {
    this.piece = new Piece(mostHeldBytes);
    this.release = release;
    const answer = Promise.withResolvers<boolean>();
    this.goesToTheEnd = answer.promise;
    const signal = AbortSignal.any([client.signal, this.stop.signal]);
    this.filled = this.piece.fill(readRange(client, file, extent, signal, answer.resolve));
    this.filled.then(() => answer.resolve(false)); // it failed before; the reader will hear of it
  }

  async end(): Promise<void> {
    this.piece.close();
    this.stop.abort();
    await this.filled;
    this.release();
  }
}

// After so many bytes a connection was of use, and failures before it do not count any more.
const usefulBytes = 1 << 20;

/** The bytes of a range in order; `onAnswer` hears whether it goes on to the end of the file. */
async function* readRange(
  client: HubClient,
  file: RemoteFile,
  { begin, end, first }: Extent,
  signal: AbortSignal,
  onAnswer: (toTheEnd: boolean) => void,
): AsyncGenerator<Uint8Array> {
  const retries = client.retries(file.subject.file, signal);
  let position = begin;
  let last = end;
  let mayGrow = first;
  let refused = false; // a range was, by 416
  while (position < last) {
    const from = position;
    try {
      const whole = refused || (position === 0 && last === file.sizeBytes);
      const headers = new Headers(whole ? {} : { range: `bytes=${position}-${last - 1}` });
      const exchange = await client.open(file.url, headers, file.subject, signal);
      if (exchange.response.status === 416 && !refused) {
        await exchange.cancel();
        refused = true; // the whole file, then; what is in front is passed over
        continue;
      }
      const start = await startOf(exchange, position, file);
      if (mayGrow && exchange.response.status !== 206) last = file.sizeBytes;
      mayGrow = false;
      onAnswer(last === file.sizeBytes);
      for await (const part of cut(exchange, start, position, last, file)) {
        position += part.byteLength;
        yield part;
      }
      if (position < last) throw new Transient(`the answer ended at byte ${position} of ${last}`, { answered: true });
    } catch (cause) {
      if (position - from >= usefulBytes) retries.progressed();
      await retries.failed(cause);
    }
  }
}

/** Where in the file an answer begins. @throws HubError `checksum` when it belongs to a file of another length */
async function startOf(exchange: Exchange, asked: number, file: RemoteFile): Promise<number> {
  const { status, headers } = exchange.response;
  const refuse = async (error: Error) => {
    await exchange.cancel();
    throw error;
  };
  if (status === 416) return refuse(new Transient("HTTP 416", { answered: true }));
  if (status !== 206) {
    const length = headers.get("content-encoding") === null ? headers.get("content-length") : null;
    if (length !== null && Number(length) !== file.sizeBytes) await refuse(wrongLength(file, length));
    return 0;
  }
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "") ?? [];
  if (total !== undefined && total !== "*" && Number(total) !== file.sizeBytes) await refuse(wrongLength(file, total));
  if (Number(start) !== asked) {
    const reason = `asked for byte ${asked}, got "${headers.get("content-range")}"`;
    return refuse(new Transient(reason, { answered: true }));
  }
  return asked;
}

/** What lies in `position`..`last` of an answer that begins at `start`. */
async function* cut(
  exchange: Exchange,
  start: number,
  position: number,
  last: number,
  file: RemoteFile,
): AsyncGenerator<Uint8Array> {
  let at = start;
  for await (const chunk of exchange.chunks()) {
    const begin = Math.min(chunk.byteLength, Math.max(0, position - at));
    const part = chunk.subarray(begin, Math.max(begin, last - at));
    at += chunk.byteLength;
    if (at > file.sizeBytes) throw wrongLength(file, `at least ${at}`);
    if (part.byteLength > 0) yield part;
    // Not before: a connection that was read to its end serves the next request.
    if (at > last) return;
  }
}

function wrongLength({ subject, sizeBytes }: RemoteFile, got: string): HubError {
  const { repo, file, page } = subject;
  const advice = `the server is broken or in between is something that changes files; compare with ${page}`;
  return new HubError("checksum", `${repo}: ${file} has ${got} bytes instead of ${sizeBytes}; ${advice}`);
}
