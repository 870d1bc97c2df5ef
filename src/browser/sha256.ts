// SHA-256 (FIPS 180-4) over bytes that arrive in pieces. The browser's own digest wants all of them at once, which for a
// model's weights would be a copy of the file in memory.

const blockBytes = 64;

// Fractions of the cube roots of the first 64 primes, and of the square roots of the first 8: section 4.2.2 and 5.3.3.
const primes = firstPrimes(64);
const roundConstants = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
const initialState = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

/** A hash in progress. */
export class Sha256 {
  private readonly state = initialState.slice();
  private readonly words = new Int32Array(64);
  private readonly pending = new Uint8Array(blockBytes);
  private readonly pendingView = new DataView(this.pending.buffer);
  private pendingBytes = 0;
  private totalBytes = 0;

  /** Takes the next bytes. */
  update(bytes: Uint8Array): this {
    this.totalBytes += bytes.byteLength;
    let at = 0;
    if (this.pendingBytes > 0) {
      at = Math.min(blockBytes - this.pendingBytes, bytes.byteLength);
      this.pending.set(bytes.subarray(0, at), this.pendingBytes);
      this.pendingBytes += at;
      if (this.pendingBytes < blockBytes) return this;
      this.compress(this.pendingView, 0);
      this.pendingBytes = 0;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (; at + blockBytes <= bytes.byteLength; at += blockBytes) this.compress(view, at);
    this.pending.set(bytes.subarray(at));
    this.pendingBytes = bytes.byteLength - at;
    return this;
  }

  /** Ends the message and returns its hash as 64 hexadecimal digits. Call it once. */
  digest(): string {
    const { totalBytes } = this;
    const padding = new Uint8Array(blockBytes + ((119 - (totalBytes % blockBytes)) % blockBytes) + 1 - blockBytes + 8);
    padding[0] = 0x80;
    new DataView(padding.buffer).setBigUint64(padding.byteLength - 8, 8n * BigInt(totalBytes), false);
    this.update(padding);
    return Array.from(this.state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  private compress(view: DataView, at: number): void {
    const { words: w, state } = this;
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i, false);
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15]!;
      const y = w[i - 2]!;
      const small0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const small1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (small1 + w[i - 7]! + small0 + w[i - 16]!) | 0;
    }
    let [a, b, c, d] = [state[0]!, state[1]!, state[2]!, state[3]!];
    let [e, f, g, h] = [state[4]!, state[5]!, state[6]!, state[7]!];
    for (let i = 0; i < 64; i++) {
      const big1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + big1 + (g ^ (e & (f ^ g))) + roundConstants[i]! + w[i]!) | 0;
      const big0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (big0 + ((a & b) ^ (c & (a ^ b)))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    state[0]! += a;
    state[1]! += b;
    state[2]! += c;
    state[3]! += d;
    state[4]! += e;
    state[5]! += f;
    state[6]! += g;
    state[7]! += h;
  }
}

function firstPrimes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found;
}

/** The first 32 bits behind the point. */
function fraction(x: number): number {
  return Math.floor((x - Math.floor(x)) * 2 ** 32) | 0;
}
