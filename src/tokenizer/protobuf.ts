// Reads protocol buffers, as far as tokenizer.model needs them: the fields of a message, one after the other, never past
// its end. https://protobuf.dev/programming-guides/encoding
import { invalidFile } from "../errors.ts";

/** A field of a message. Its value is a number (wire types 0 and 5) or bytes (wire type 2, and 1). */
export interface Field {
  number: number;
  /** An integer, or the bits of a 32-bit float; 0 where the value is bytes. Beyond 2^53 it is rounded. */
  integer: number;
  /** A text, bytes or a message within; empty where the value is a number. */
  bytes: Uint8Array;
}

const none = new Uint8Array(0);

/**
 * The fields of a message in the order of the file.
 *
 * @throws HandheldError `invalid-file` where a field goes past the end of its message; `where` prefixes it
 */
export function* readFields(message: Uint8Array, where: string): Generator<Field> {
  const reader = new Reader(message, where);
  while (!reader.atEnd) {
    const key = reader.varint();
    const number = Math.floor(key / 8);
    const wire = key % 8;
    if (number === 0) throw invalidFile(where, "is damaged: a field has the number 0");
    if (wire === 0) yield { number, integer: reader.varint(), bytes: none };
    else if (wire === 1) yield { number, integer: 0, bytes: reader.take(8) };
    else if (wire === 2) yield { number, integer: 0, bytes: reader.take(reader.varint()) };
    else if (wire === 5) yield { number, integer: reader.fixed32(), bytes: none };
    else throw invalidFile(where, `is damaged: field ${number} is of the unknown kind ${wire}`);
  }
}

/** The float whose bits an integer is. */
export function floatOf({ integer }: Field): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, integer);
  return view.getFloat32(0);
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #where: string;
  #at = 0;

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#where = where;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw this.#cut();
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw invalidFile(this.#where, "is damaged: a number has no end");
  }

  fixed32(): number {
    const bytes = this.take(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  }

  take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw this.#cut();
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  #cut(): Error {
    return invalidFile(this.#where, "ends within a field; it is cut off or damaged, fetch it again");
  }
}
