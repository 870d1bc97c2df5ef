// Axes: from data to a fraction of the plot, and where the ticks go.

/** Maps a value to its place on an axis, 0 at the low end and 1 at the high one, and lists ticks. */
export interface Scale {
  place(value: number): number;
  ticks: number[];
}

/** A linear axis that ends at ticks. About `wanted` of them. */
export function linearScale(low: number, high: number, wanted = 5): Scale {
  const span = high > low ? high - low : Math.abs(high) || 1;
  const step = niceStep(span / wanted);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  return { place: (value) => (value - first * step) / ((last - first) * step), ticks };
}

/** A linear axis that ends where the data does, with ticks inside. */
export function spanScale(low: number, high: number, wanted = 5): Scale {
  const span = high > low ? high - low : 1;
  const step = niceStep(span / wanted);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= low + span * (1 + 1e-9); i++)
    ticks.push(Number((i * step).toPrecision(12)));
  return { place: (value) => (value - low) / span, ticks };
}

/** A logarithmic axis; ticks at 1, 2 and 5 times powers of ten (powers alone where that is too many). Values must be above 0. */
export function logScale(low: number, high: number): Scale {
  const [bottom, top] = [Math.log10(low), Math.log10(high > low ? high : low * 10)];
  const margin = (top - bottom) * 0.03;
  const candidates: number[] = [];
  for (let power = Math.floor(bottom); power <= Math.ceil(top); power++) {
    for (const factor of top - bottom > 2.2 ? [1] : [1, 2, 5])
      candidates.push(Number((factor * 10 ** power).toPrecision(3)));
  }
  const place = (value: number) => (Math.log10(value) - bottom + margin) / (top - bottom + 2 * margin);
  return { place, ticks: candidates.filter((tick) => place(tick) >= 0 && place(tick) <= 1) };
}

// The smallest of 1, 2, 5 · 10^n that is at least `step`.
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= step * (1 - 1e-9))!;
  return factor * power;
}
