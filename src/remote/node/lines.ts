// Messages as lines of JSON, as they come out of a stream in pieces.
import { HandheldError } from "../../errors.ts";

// The largest message is a calibrated profile, some 100 kB.
const mostBytes = 4 * 2 ** 20;

/** Puts pieces of a stream together; `onMessage` hears each line as JSON. */
export interface LineReader {
  /** @throws HandheldError `invalid-data` for a line that is too long or no JSON, and what `onMessage` throws */
  push(piece: Uint8Array): void;
}

/** Creates a reader of JSON lines; empty ones are skipped. */
export function createLineReader(onMessage: (value: unknown) => void): LineReader {
  const decoder = new TextDecoder();
  let rest = "";
  return {
    push(piece) {
      rest += decoder.decode(piece, { stream: true });
      for (let end = rest.indexOf("\n"); end !== -1; end = rest.indexOf("\n")) {
        const line = rest.slice(0, end).trim();
        rest = rest.slice(end + 1);
        if (line !== "") onMessage(parse(line));
      }
      if (rest.length > mostBytes) throw new HandheldError("invalid-data", `a line of more than ${mostBytes} bytes`);
    },
  };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new HandheldError("invalid-data", `not JSON: ${JSON.stringify(line.slice(0, 200))}`, { cause });
  }
}
