// Random numbers for kernels: the generator of src/random.ts.

/** The next number of the generator sfc32, whose four words are at `state`. */
export function nextRandom(state: usize): u32 {
  const a = load<u32>(state);
  const b = load<u32>(state, 4);
  const c = load<u32>(state, 8);
  const counter = load<u32>(state, 12);
  const t = a + b + counter;
  store<u32>(state, b ^ (b >> 9));
  store<u32>(state, c + (c << 3), 4);
  store<u32>(state, ((c << 21) | (c >> 11)) + t, 8);
  store<u32>(state, counter + 1, 12);
  return t;
}
