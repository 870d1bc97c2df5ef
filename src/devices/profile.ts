// What is known of a device: its hardware, its JavaScript engine, and how fast our kernels run on it. Data only;
// ./probe.ts measures it.
import * as z from "zod";
import { HandheldError } from "../errors.ts";

// Profiles come from other machines too: above these limits is no device.
const positive = z
  .number()
  .positive()
  .max(2 ** 53);
const speed = z.number().positive().max(1e7);
const name = z
  .string()
  .max(200)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u, "a name has no control characters");

/** Speeds of one number of threads. */
const threadSpeed = z.strictObject({
  /** Threads that worked, the caller's included. */
  threads: z.number().int().positive().max(4096),
  /** GB/s (10⁹ bytes) of a sum of squares over f32 in memory: plain reading, nothing written. */
  readGBps: speed,
  /** GB/s of packed weights that an int4 matrix times one vector reads: what bounds decoding. */
  matvecGBps: speed,
  /** 10⁹ multiply-adds per second of the same int4 matrix-vector product. */
  matvecGmacps: speed,
  /** 10⁹ multiply-adds per second of an int4 matrix times 64 vectors: what bounds prefill. */
  matmulGmacps: speed,
});

/** Schema of a {@link DeviceProfile}. */
export const deviceProfile = z.strictObject({
  version: z.literal(1),
  /** When it was measured, ISO 8601. */
  date: z.iso.datetime(),
  platform: name,
  arch: name,
  /** Name of the processor; null where the platform does not tell (browsers, some phones). */
  cpuModel: name.nullable(),
  /** Cores this process may use. */
  cores: z.number().int().positive().max(4096),
  /** Memory this process may use, in bytes; null where unknown. Browsers round it and stop at 8 GiB. */
  memoryBytes: positive.nullable(),
  runtime: z.strictObject({ name, version: name }),
  /** Kernels that were measured. */
  backend: name,
  simd: z.enum(["relaxed", "simd128", "none"]),
  /** Most threads that can share memory here; 1 without SharedArrayBuffer. */
  threads: z.number().int().positive().max(4096),
  /** Bytes that each pass of the measurement read; less than the last-level cache reads too fast. */
  workingSetBytes: positive,
  /** Speeds by number of threads, ascending; the last one uses all of `threads` unless fewer were asked for. */
  speeds: z.array(threadSpeed).nonempty().max(64),
  /** What makes the numbers what they are, in words: one thread because …; absent where there is nothing to say. */
  notes: z.array(z.string().max(400)).max(16).optional(),
});

/** Speeds of one number of threads. */
export type ThreadSpeed = z.infer<typeof threadSpeed>;

/** A measured device. */
export type DeviceProfile = z.infer<typeof deviceProfile>;

/**
 * Validates a stored profile.
 * @throws HandheldError `invalid-file`, naming the field; `where` prefixes the message.
 */
export function parseProfile(json: unknown, where = "device profile"): DeviceProfile {
  const parsed = deviceProfile.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.join(".") || "the whole";
  throw new HandheldError("invalid-file", `${where}: ${field}: ${issue.message}; measure the device again`);
}

/** Highest speeds over the numbers of threads that were measured. */
export function bestSpeeds(profile: DeviceProfile): Omit<ThreadSpeed, "threads"> {
  const best = (key: keyof ThreadSpeed) => Math.max(...profile.speeds.map((speed) => speed[key]));
  return {
    readGBps: best("readGBps"),
    matvecGBps: best("matvecGBps"),
    matvecGmacps: best("matvecGmacps"),
    matmulGmacps: best("matmulGmacps"),
  };
}
