// The job `probe`: what the machine is and how fast the kernels run on it, as `handheld device` measures it.
import * as z from "zod";
import { probeDevice } from "../../devices/probe.ts";
import { deviceProfile } from "../../devices/profile.ts";
import { formatRate } from "../../format.ts";
import { defineJob } from "../job.ts";

export const probeJob = defineJob({
  title: "Measuring the device",
  params: z.strictObject({
    /** Most threads to measure. Default: all, at most 8. */
    threads: z.number().int().min(1).max(64).optional(),
    /** Seconds after which no further number of threads is started. */
    budgetSeconds: z.number().min(0).max(600).default(2),
  }),
  part: z.never(),
  result: z.strictObject({ profile: deviceProfile }),
  async run({ threads, budgetSeconds }, { createBackend, progress, signal }) {
    const onProgress = (done: number, total: number) => progress(done, total);
    const profile = await probeDevice({ threads, budgetSeconds, signal, onProgress, createBackend });
    return { profile };
  },
  summary({ profile }) {
    const { simd, cores, speeds } = profile;
    const best = speeds.at(-1)!;
    return [
      ["Cores", `${cores}${profile.threads < cores ? `, ${profile.threads} used` : ""}`],
      ["SIMD", simd === "none" ? "none" : simd],
      ["Memory", `${formatRate(best.readGBps)} GB/s`],
      ["int4 × vector", `${formatRate(best.matvecGBps)} GB/s`],
      ["int4 × 64 vectors", `${formatRate(best.matmulGmacps)} GMAC/s`],
    ];
  },
});
