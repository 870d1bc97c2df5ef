// Energy from power that is only known at moments.

/**
 * Makes a reading of joules from one of watts: the sum of trapezoids between the calls, the first of which gives 0. Between
 * two calls the power is taken to change evenly, so call it every second or so.
 */
export function integratePower(watts: () => Promise<number>, now = () => performance.now()): () => Promise<number> {
  let last: { watts: number; at: number } | null = null;
  let joules = 0;
  return async () => {
    const sample = { watts: await watts(), at: now() };
    if (last !== null) joules += (((last.watts + sample.watts) / 2) * (sample.at - last.at)) / 1000;
    last = sample;
    return joules;
  };
}
