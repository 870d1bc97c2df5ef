// The job `calibrate`: the latency profile of the device, as calibrateDevice of ../../search makes it.
import * as z from "zod";
import { calibrateDevice } from "../../search/latency/calibrate.ts";
import { type LatencyProfile, parseLatencyProfile } from "../../search/latency/latency-profile.ts";
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
  }),
  part: z.never(),
  result: z.strictObject({ profile }),
  async run({ threads, seconds, acceptUnsteady }, { createBackend, progress, signal }) {
    const backend = await createBackend({ threads });
    try {
      const onProgress = (done: number, what: string) => progress(Math.round(100 * done), 100, what);
      return { profile: await calibrateDevice(backend, { seconds, acceptUnsteady, signal, onProgress }) };
    } finally {
      await backend.close();
    }
  },
  summary({ profile: { engine, quality } }) {
    return [
      ["Threads", String(engine.threads)],
      ["Operations", String(quality.points)],
      ["Models", String(quality.checks.length / 2)],
      ["Steady", quality.steady ? "yes" : "no"],
    ];
  },
});
