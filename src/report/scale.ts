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

/**
 * An axis with ticks at the values that were measured, from the least to the largest, as far as they have room; logarithmic
 * where asked, and then they must be above 0.
 */
export function valueScale(values: readonly number[], logarithmic = false): Scale {
  const measure = logarithmic ? Math.log2 : (value: number) => value;
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  const [low, high] = [measure(sorted[0] ?? 1), measure(sorted.at(-1) ?? 1)];
  const place = (value: number) => (high > low ? (measure(value) - low) / (high - low) : 0.5);
  const ticks: number[] = [];
  for (const value of sorted) {
    const room = ticks.length === 0 || place(value) - place(ticks.at(-1)!) >= tickRoom;
    if (room) ticks.push(value);
  }
  return { place, ticks };
}

/** Share of an axis that a tick's text takes: 32 of the 300 pixels of a phone's chart. */
const tickRoom = 0.11;

// The smallest of 1, 2, 5 · 10^n that is at least `step`.
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= step * (1 - 1e-9))!;
  return factor * power;
}
