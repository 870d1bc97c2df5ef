// Which digits may come next in a number between two bounds. Exact: bounds and prefixes are scaled to integers.

/** Most digits before the point. */
const INTEGER_DIGITS = 15;
/** Most digits after the point, unless a bound has more. */
const FRACTION_DIGITS = 6;

/** The values a number may take, times 10 ** `fraction`. */
export interface DecimalRange {
  readonly low: bigint;
  readonly high: bigint;
  /** Most digits after the point; 0: integers. */
  readonly fraction: number;
  /** Whether a bound was given. */
  readonly bounded: boolean;
}

/** The range of a number type; bounds are inclusive. Without them: 15 digits before the point, 6 after. */
export function decimalRange(integer: boolean, minimum?: number, maximum?: number): DecimalRange {
  const digits = [minimum, maximum].map((bound) => fractionDigits(bound ?? 0));
  const fraction = integer ? 0 : Math.max(FRACTION_DIGITS, ...digits);
  const limit = 10n ** BigInt(INTEGER_DIGITS + fraction) - 1n;
  const low = minimum === undefined ? -limit : scale(minimum, fraction, Math.ceil);
  const high = maximum === undefined ? limit : scale(maximum, fraction, Math.floor);
  const bounded = minimum !== undefined || maximum !== undefined;
  return { low: low < -limit ? -limit : low, high: high > limit ? limit : high, fraction, bounded };
}

/** `value` in plain digits, without an exponent; |value| < 1e15. */
function plainDigits(value: number): string {
  const text = `${value}`;
  return text.includes("e") ? value.toFixed(12) : text;
}

function fractionDigits(value: number): number {
  return Math.abs(value) >= 10 ** INTEGER_DIGITS ? 0 : (plainDigits(value).split(".")[1]?.length ?? 0);
}

/** `value` times 10 ** `fraction`, rounded by `round` (Math.ceil or Math.floor). */
function scale(value: number, fraction: number, round: (x: number) => number): bigint {
  if (Math.abs(value) >= 10 ** INTEGER_DIGITS)
    return BigInt(Math.sign(value)) * 10n ** BigInt(INTEGER_DIGITS + fraction);
  if (fraction === 0) return BigInt(round(value));
  const [whole = "0", digits = ""] = plainDigits(value).replace("-", "").split(".");
  const scaled = BigInt(whole + digits.padEnd(fraction, "0"));
  return value < 0 ? -scaled : scaled;
}

const PREFIX = /^(-?)(0|[1-9]\d*)?(?:(\.)(\d*))?$/;

/** Whether some number in `range` starts with `prefix` (or is it). */
export function canStart(prefix: string, range: DecimalRange): boolean {
  const [, sign, whole, point, digits = ""] = PREFIX.exec(prefix) ?? [];
  if (sign === undefined || (point && whole === undefined)) return false;
  if (point && (range.fraction === 0 || digits.length > range.fraction)) return false;
  const { low, high } = sign === "" ? range : { low: range.high < 0n ? -range.high : 1n, high: -range.low };
  if (whole === undefined) return point === undefined && low <= high;
  if (point) return overlaps(digitsInterval(whole + digits, range.fraction - digits.length), low, high);
  const more = whole === "0" ? 0 : INTEGER_DIGITS - whole.length;
  if (more < 0) return false;
  if (sign !== "" && whole === "0") return range.fraction > 0 && low <= high && low < 10n ** BigInt(range.fraction);
  for (let i = 0; i <= more; i++) {
    if (overlaps(digitsInterval(whole, i + range.fraction), low, high)) return true;
  }
  return false;
}

/** Whether `text` is a whole number of `range`: `8`, `-2.50`; not `-0`, `08` or `8.`. */
export function isDecimal(text: string, range: DecimalRange): boolean {
  const [, sign, whole, point, digits = ""] = PREFIX.exec(text) ?? [];
  if (whole === undefined || (point && digits === "") || digits.length > range.fraction) return false;
  const magnitude = BigInt(whole + digits.padEnd(range.fraction, "0"));
  if (sign !== "" && magnitude === 0n) return false;
  const value = sign === "" ? magnitude : -magnitude;
  return value >= range.low && value <= range.high;
}

/** All scaled values whose digits are `digits` and `more` others. */
function digitsInterval(digits: string, more: number): [bigint, bigint] {
  const unit = 10n ** BigInt(more);
  const first = BigInt(digits) * unit;
  return [first, first + unit - 1n];
}

function overlaps([first, last]: [bigint, bigint], low: bigint, high: bigint): boolean {
  return first <= high && last >= low;
}
