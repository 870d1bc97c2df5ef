// Numbers with their units as short English text, for terminals and reports. No locale, no rounding surprises.

/** 0.92 M, 12.4 k, 512. */
export function formatCount(value: number): string {
  if (value >= 999.5e6) return `${significant(value / 1e9)} B`;
  if (value >= 999.5e3) return `${significant(value / 1e6)} M`;
  if (value >= 10_000) return `${significant(value / 1e3)} k`;
  return significant(value, 4);
}

/** 812 B, 4.1 kB, 1.72 MB, 2.1 GB; powers of 1000. */
export function formatBytes(bytes: number): string {
  if (bytes >= 999.5e6) return `${significant(bytes / 1e9)} GB`;
  if (bytes >= 999.5e3) return `${significant(bytes / 1e6)} MB`;
  if (bytes >= 1000) return `${significant(bytes / 1e3)} kB`;
  return `${Math.round(bytes)} B`;
}

/** A length of text in tokens: 512, 2k, 128k; powers of 1024 where it is a multiple. */
export function formatTokens(tokens: number): string {
  return tokens >= 1024 && tokens % 1024 === 0 ? `${tokens / 1024}k` : String(tokens);
}

/** 4 s, 0.4 s, 12 s, 3 min 20 s, 2 h 5 min. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${Number.isInteger(seconds) ? seconds : seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return join(Math.floor(whole / 60), "min", whole % 60, "s");
  const minutes = Math.round(whole / 60);
  return join(Math.floor(minutes / 60), "h", minutes % 60, "min");
}

/** A share of 0..1 as 93.4 %. */
export function formatPercent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** A rate with three significant digits and thousands separated by a comma: 3,120, 48.2, 0.913. */
export function formatRate(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (value >= 999.5)
    return Math.round(value)
      .toString()
      .replace(/\B(?=(\d{3})+$)/g, ",");
  return significant(value);
}

/** At most `digits` significant digits, never an exponent and never fewer whole digits than there are. */
export function significant(value: number, digits = 3): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  return String(Number(value.toFixed(Math.min(20, Math.max(0, digits - 1 - exponent)))));
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
