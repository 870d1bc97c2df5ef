// What changes logits before a token is taken from them: a grammar's mask and the repetition penalty.
import { shareBegin, shareEnd, thread } from "./control";

// @ts-ignore: decorator
@lazy
const LANES: usize = memory.data<i32>([1, 2, 4, 8], 16);

/** x[i] = -Infinity for each i < n whose bit of `bits` (i & 31 of word i >> 5) is 0. */
export function maskLogits(x: usize, bits: usize, n: i32): void {
  const end = shareEnd(n, 32);
  const lanes = v128.load(LANES);
  for (let i = shareBegin(n, 32); i < end; i += 32) {
    let word = load<u32>(bits + (<usize>(i >> 5) << 2));
    if (word == 0xffffffff) continue;
    let at = x + (<usize>i << 2);
    let left = min(32, n - i);
    for (; left >= 4; left -= 4, at += 16, word >>= 4) {
      const allowed = i32x4.eq(v128.and(i32x4.splat(word), lanes), lanes);
      v128.store(at, v128.bitselect(v128.load(at), f32x4.splat(-Infinity), allowed));
    }
    for (; left > 0; left--, at += 4, word >>= 1) if ((word & 1) == 0) store<f32>(at, -Infinity);
  }
}

/** Divides the positive logits of x [n] at `count` ids by the penalty, multiplies the others; each id once. */
export function penalizeRepeats(x: usize, n: i32, ids: usize, count: i32, penalty: f32, seen: usize): void {
  if (thread() != 0) return;
  memory.fill(seen, 0, <usize>(n + 7) >> 3);
  const end = ids + (<usize>count << 2);
  for (; ids < end; ids += 4) {
    const id = load<u32>(ids);
    const byte = seen + (id >> 3);
    const bit = 1 << (id & 7);
    const known = <i32>load<u8>(byte);
    if (known & bit) continue;
    store<u8>(byte, known | bit);
    const at = x + (<usize>id << 2);
    const logit = load<f32>(at);
    store<f32>(at, logit > 0 ? logit / penalty : logit * penalty);
  }
}
