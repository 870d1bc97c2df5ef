// Energy from power that is only known at moments.

/**
 * Begins to sum up watts: what it gives tells the joules since, by trapezoids between the calls. Between two calls the power is
 * taken to change evenly, so call it every second or so.
 */
export async function integratePower(
  watts: () => Promise<number>,
  now = () => performance.now(),
): Promise<() => Promise<number>> {
  let last = { watts: await watts(), at: now() };
  let joules = 0;
  return async () => {
    const sample = { watts: await watts(), at: now() };
    joules += (((last.watts + sample.watts) / 2) * (sample.at - last.at)) / 1000;
    last = sample;
    return joules;
  };
}
