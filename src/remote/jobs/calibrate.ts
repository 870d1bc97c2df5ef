// The job `calibrate`: the latency profile of the device, as calibrateDevice of ../../search makes it. It has no parts: what was
// timed before a device forgot its job is held against anchors that it no longer knows, so it begins again.
import * as z from "zod";
import { calibrateDevice } from "../../search/latency/calibrate.ts";
import { type LatencyProfile, parseLatencyProfile } from "../../search/latency/latency-profile.ts";
import { measurePower } from "../../search/latency/power.ts";
import { defineJob } from "../job.ts";
import { checkBounds } from "./bounds.ts";

const profile = z.unknown().transform((value, context): LatencyProfile => {
  try {
    checkBounds(value);
    return parseLatencyProfile(value);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
    return z.NEVER;
  }
});

export const calibrateJob = defineJob({
  title: "Calibrating the device",
  params: z.strictObject({
    threads: z.number().int().min(1).max(64).optional(),
    /** Seconds that it may take, about. */
    seconds: z.number().min(1).max(600).default(60),
    /** Take the result of a device that did not stay the same. */
    acceptUnsteady: z.boolean().default(false),
    /** Also measure what the device draws, where it counts that: some seconds more. */
    power: z.boolean().default(false),
  }),
  part: z.never(),
  result: z.strictObject({ profile }),
  async run({ threads, seconds, acceptUnsteady, power }, { createBackend, progress, signal }) {
    const backend = await createBackend({ threads });
    try {
      const onProgress = (done: number, what: string) => progress(Math.round(100 * done), 100, what);
      const profile = await calibrateDevice(backend, { seconds, acceptUnsteady, signal, onProgress });
      return { profile: power ? { ...profile, energy: await measurePower(backend, { signal }) } : profile };
    } finally {
      await backend.close();
    }
  },
  summary({ profile: { engine, quality, energy } }) {
    const watts = energy?.watts;
    return [
      ["Threads", String(engine.threads)],
      ["Operations", String(quality.points)],
      ["Models", String(quality.checks.length / 2)],
      ["Steady", quality.steady ? "yes" : "no"],
      ...(watts ? [["Power", `${watts.decode.toFixed(1)} W in decoding`] satisfies [string, string]] : []),
    ];
  },
});
