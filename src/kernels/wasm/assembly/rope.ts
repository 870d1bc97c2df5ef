// Rotary position embedding.
import { shareBegin, shareEnd } from "./control";

/** Rotates the pairs (j, j+D/2) of each head by the angles of positions[i]; `inverse` rotates back. */
export function rope(
  x: usize,
  table: usize,
  positions: usize,
  N: i32,
  heads: i32,
  D: i32,
  stride: i32,
  inverse: i32,
): void {
  const sign: f32 = inverse ? -1 : 1;
  const end = shareEnd(N * heads, 1);
  for (let item = shareBegin(N * heads, 1); item < end; item++) {
    const i = item / heads;
    const head = x + ((<usize>i * stride + <usize>(item - i * heads) * D) << 2);
    rotate(head, table + ((<usize>load<i32>(positions + ((<usize>i) << 2)) * D) << 2), D >> 1, sign);
  }
}

// `half` cosines, then as many sines, are at `angles`.
function rotate(x: usize, angles: usize, half: i32, sign: f32): void {
  const y = x + ((<usize>half) << 2);
  const sines = angles + ((<usize>half) << 2);
  const signs = f32x4.splat(sign);
  const end = (<usize>half) << 2;
  let at: usize = 0;
  for (; at + 16 <= end; at += 16) {
    const cosine = v128.load(angles + at);
    const sine = f32x4.mul(v128.load(sines + at), signs);
    const a = v128.load(x + at);
    const b = v128.load(y + at);
    v128.store(x + at, f32x4.sub(f32x4.mul(a, cosine), f32x4.mul(b, sine)));
    v128.store(y + at, f32x4.add(f32x4.mul(b, cosine), f32x4.mul(a, sine)));
  }
  for (; at < end; at += 4) {
    const cosine = load<f32>(angles + at);
    const sine = load<f32>(sines + at) * sign;
    const a = load<f32>(x + at);
    const b = load<f32>(y + at);
    store<f32>(x + at, a * cosine - b * sine);
    store<f32>(y + at, b * cosine + a * sine);
  }
}
