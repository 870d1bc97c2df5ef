// Protocol buffers' wire format, as far as an ONNX model needs it: a message is a list of fields made by these functions.
// A field of the schema is its number; the reader's schema says what it means.

/** An encoded message or part of one. */
export type Bytes = Uint8Array<ArrayBuffer>;

const text = new TextEncoder();

/** Joins fields to a message. */
export function message(...fields: readonly Bytes[]): Bytes {
  const length = fields.reduce((sum, field) => sum + field.length, 0);
  const all = new Uint8Array(length);
  let at = 0;
  for (const field of fields) {
    all.set(field, at);
    at += field.length;
  }
  return all;
}

/** An integer field; negative numbers take ten bytes as the format asks. */
export function integerField(number: number, value: number): Bytes {
  return message(varint(number * 8), varint(value));
}

/** A 32-bit float field. */
export function floatField(number: number, value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return message(varint(number * 8 + 5), bytes);
}

/** A field that holds a string, bytes or another message. */
export function bytesField(number: number, value: string | Bytes): Bytes {
  const bytes = typeof value === "string" ? text.encode(value) : value;
  return message(varint(number * 8 + 2), varint(bytes.length), bytes);
}

function varint(value: number): Bytes {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const more = rest > 127n;
    bytes.push(Number(rest & 127n) | (more ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
