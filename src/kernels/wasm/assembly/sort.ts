// Heapsort of 64-bit keys in place: no memory of its own, and no order of the keys is slow.

// @ts-ignore: decorator
@inline
function key(keys: usize, i: i32): u64 {
  return load<u64>(keys + (<usize>i << 3));
}

/** Sorts `count` keys, the smallest first. */
export function sortKeys(keys: usize, count: i32): void {
  for (let i = count / 2 - 1; i >= 0; i--) sink(keys, i, count);
  for (let end = count - 1; end > 0; end--) {
    const largest = key(keys, 0);
    store<u64>(keys, key(keys, end));
    store<u64>(keys + (<usize>end << 3), largest);
    sink(keys, 0, end);
  }
}

/** Lets the key at i sink below larger ones. */
function sink(keys: usize, i: i32, count: i32): void {
  const moved = key(keys, i);
  for (;;) {
    let child = 2 * i + 1;
    if (child >= count) break;
    if (child + 1 < count && key(keys, child + 1) > key(keys, child)) child++;
    if (key(keys, child) <= moved) break;
    store<u64>(keys + (<usize>i << 3), key(keys, child));
    i = child;
  }
  store<u64>(keys + (<usize>i << 3), moved);
}
