// What a calibration leaves: how long each operation takes on a device, as validated data with a version. A profile may
// be shared and used on another machine; calibrate.ts makes it and predictor.ts reads it.
import * as z from "zod";
import { HandheldError } from "../../errors.ts";
import { readJsonFile, writeFileAtomic } from "../../io.ts";
import { parts, rowKinds } from "./plan.ts";

const positive = z.number().positive();
const share = z.number().min(0);

/** Microseconds over a grid of shapes (grid.ts); the axes' meaning stands at each use. */
const grid = z
  .strictObject({
    axes: z.array(z.array(z.number().nonnegative()).nonempty()).nonempty().max(5),
    values: z.array(positive),
  })
  .refine(({ axes }) => axes.every((axis) => axis.every((x, i) => i === 0 || x > axis[i - 1]!)), "axes must ascend")
  .refine(({ axes, values }) => values.length === axes.reduce((n, axis) => n * axis.length, 1), "a value per point");

/** Times of one way of running: on all threads, or on the caller's alone. */
const tables = z.strictObject({
  /** Int4 products by [N tokens, M rows, K columns] whose weights a cache holds, and whose weights it does not. */
  matmulCached: grid,
  matmulStreamed: grid,
  /** Storing N tokens' keys and values, and their attention, by [N tokens, mean tokens attended to, K key/value heads, query heads for each, D]. */
  attention: grid,
  /** By [N rows, width]. */
  rows: z.strictObject(
    Object.fromEntries(rowKinds.map((kind) => [kind, grid])) as Record<(typeof rowKinds)[number], typeof grid>,
  ),
  /** What a forward pass takes besides its operations: JavaScript, waking the threads. */
  step: positive,
});

/** Shares from cached (0) to streamed (1) by bytes, for matrices of ascending sizes. */
const curves = z
  .array(
    z
      .strictObject({
        matrixBytes: positive,
        bytes: z.array(positive).nonempty(),
        share: z.array(z.number().min(0).max(1)).nonempty(),
      })
      .refine(({ bytes, share }) => bytes.length === share.length, "a share per number of bytes"),
  )
  .nonempty()
  .max(16)
  .refine((list) => list.every((curve, i) => i === 0 || curve.matrixBytes > list[i - 1]!.matrixBytes), "sizes ascend");

const factors = z.strictObject(
  Object.fromEntries(parts.map((part) => [part, share])) as Record<(typeof parts)[number], typeof share>,
);

/** Repeated measurements of one thing through the calibration: whether the machine stayed the same. */
const anchor = z.strictObject({
  name: z.string(),
  /** Microseconds, in the order they were measured. */
  times: z.array(positive).nonempty(),
  /** (90th percentile − 10th percentile) ÷ median. */
  spread: share,
  /** Median of the last third ÷ median of the first third, minus 1. */
  drift: z.number(),
});

/** A whole model that was measured to check the sum of its operations. */
const check = z.strictObject({
  model: z.string(),
  phase: z.enum(["prefill", "decode"]),
  measuredMs: positive,
  /** Predicted without knowing this model. */
  predictedMs: positive,
});

const profile = z.strictObject({
  format: z.literal("handheld-latency-profile"),
  version: z.literal(1),
  /** When it was measured, ISO 8601. */
  date: z.iso.datetime(),
  /** The machine, as in DeviceProfile. */
  device: z.strictObject({
    platform: z.string(),
    arch: z.string(),
    cpuModel: z.string().nullable(),
    cores: z.number().int().positive(),
    memoryBytes: positive.nullable(),
    runtime: z.strictObject({ name: z.string(), version: z.string() }),
  }),
  /** The kernels that were measured, and the work below which they use one thread (BackendOptions.serialWork). */
  engine: z.strictObject({
    backend: z.string(),
    simd: z.enum(["relaxed", "simd128", "none"]),
    threads: z.number().int().positive(),
    serialWork: z.number().nonnegative(),
  }),
  threaded: tables,
  /** On the caller's thread alone; null where that is the same. */
  serial: tables.nullable(),
  /**
   * How much of the time from cached to streamed weights a product takes, by bytes used between two uses: 0 to 1, rising. A
   * curve for each of several sizes of matrices, ascending.
   */
  residency: curves,
  /** The same for a block that runs again at once (layer sharing), by the block's bytes. */
  repeats: curves,
  /** Whole models against the sum of their operations: a factor for each part; of calls, microseconds each. */
  factors: z.strictObject({ prefill: factors, decode: factors }),
  /** Standard deviation of log(measured ÷ predicted) over whole models that were left out in turn. */
  deviation: z.strictObject({ prefill: share, decode: share }),
  /** Power that was measured beside (power.ts), where somebody asked for it. */
  energy: z
    .strictObject({
      /** Watts while nothing runs, in prefill and in decoding; null where the device tells no energy. */
      watts: z.strictObject({ idle: share, prefill: positive, decode: positive }).nullable(),
      /** What counted the energy, or why nothing did. */
      note: z.string().max(400),
    })
    .optional(),
  /** Of a profile that is passed on: which machine it is and how it was measured, in words. */
  about: z.string().min(1).max(400).optional(),
  quality: z.strictObject({
    /** Whether all was measured in the state of most of the time. False only where the caller accepted that. */
    steady: z.boolean(),
    /** Most by which one anchor was slower than the other beside what counts. */
    bound: positive,
    anchors: z.array(anchor),
    /** Operations that were measured again because the machine was in another state. */
    retried: z.number().int().nonnegative(),
    points: z.number().int().positive(),
    /** Bytes of the window of weights that were streamed, the memory anchor's among them. */
    weightBytes: positive,
    seconds: positive,
    checks: z.array(check),
  }),
});

/** A calibrated device. */
export type LatencyProfile = z.infer<typeof profile>;
/** See {@link LatencyProfile}. */
export type LatencyTables = z.infer<typeof tables>;
export type Factors = z.infer<typeof factors>;
/** What a device draws; see {@link LatencyProfile}. */
export type DevicePower = NonNullable<LatencyProfile["energy"]>;
export type Anchor = z.infer<typeof anchor>;
export type Check = z.infer<typeof check>;
export type Phase = Check["phase"];

/**
 * Validates a stored latency profile.
 * @throws HandheldError `invalid-file`, naming the field; `where` prefixes the message.
 */
export function parseLatencyProfile(json: unknown, where = "latency profile"): LatencyProfile {
  const parsed = profile.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.join(".") || "the whole";
  throw new HandheldError("invalid-file", `${where}: ${field}: ${issue.message}; calibrate the device again`);
}

/** Reads a profile from a JSON file. @throws HandheldError `io`, or `invalid-file` that names the field */
export async function readLatencyProfile(path: string): Promise<LatencyProfile> {
  return parseLatencyProfile(await readJsonFile(path), path);
}

/** Writes a profile as JSON, in place of what was there. @throws HandheldError `io` */
export async function saveLatencyProfile(path: string, profile: LatencyProfile): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(profile)}\n`);
}
