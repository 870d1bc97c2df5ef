// The job `cost`: what running a model with random weights costs there, as measureCost of ../../cost finds it. Points are parts,
// and a device that had to begin again goes on behind them.
import * as z from "zod";
import { measureCost } from "../../cost/measure.ts";
import { costForms } from "../../cost/options.ts";
import { costPointSchema, costSchema, sustainedSchema } from "../../cost/result.ts";
import { openEnergyMeter } from "../../devices/energy/meter.ts";
import { machineFacts } from "../../devices/machine.ts";
import { deviceProfile } from "../../devices/profile.ts";
import { formatBytes, formatPercent, formatRate } from "../../format.ts";
import { defineJob, type JobTools } from "../job.ts";
import { bounded } from "./bounds.ts";
import { specSchema } from "./spec.ts";

const lengths = z
  .array(
    z
      .number()
      .int()
      .min(1)
      .max(1 << 20),
  )
  .min(1)
  .max(32);

const params = z.strictObject({
  spec: specSchema,
  prompts: lengths.optional(),
  outputs: lengths.optional(),
  forms: z.array(z.enum(costForms)).min(1).max(costForms.length).optional(),
  threads: z.array(z.number().int().min(1).max(64)).min(1).max(16).optional(),
  repeats: z.number().int().min(1).max(100).optional(),
  budgetSeconds: z.number().min(0.001).max(3600).optional(),
  sustainedSeconds: z.number().min(0).max(86_400).optional(),
  breakdown: z.boolean().optional(),
  /** Points that need not be measured again. */
  done: z.array(costPointSchema).max(5000).default([]),
  /** Seconds of the stretches in which who asks counts the energy, from outside: see {@link hostMeter}. 0: nobody does. */
  hostMeterSeconds: z.number().min(0).max(600).default(0),
});

const part = bounded(
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("point"), point: costPointSchema }),
    z.strictObject({ type: z.literal("stretch"), stretch: sustainedSchema.shape.points.element }),
    /** With `hostMeterSeconds`: the host should look at its counter now. */
    z.strictObject({
      type: z.literal("reading"),
      /** Counts from 1 on: prefill and decoding of each point by turns. */
      count: z.number().int().positive(),
      seconds: z.number().nonnegative(),
    }),
  ]),
);

/** What the job hands over. */
export type CostPart = z.output<typeof part>;

export const costJob = defineJob({
  title: "Measuring what the model costs",
  params,
  part,
  result: bounded(
    z.strictObject({
      cost: costSchema,
      /** What the device is. */
      facts: deviceProfile.pick({
        platform: true,
        arch: true,
        cpuModel: true,
        cores: true,
        memoryBytes: true,
        runtime: true,
      }),
    }),
  ),
  async run({ spec, hostMeterSeconds, ...options }, { createBackend, progress, part: hand, signal }) {
    const cost = await measureCost(createBackend, spec, {
      ...options,
      signal,
      energy: hostMeterSeconds > 0 ? hostMeter(hostMeterSeconds, hand) : await openEnergyMeter(),
      onPoint: (point) => hand({ type: "point", point }),
      onStretch: (stretch) => hand({ type: "stretch", stretch }),
      onProgress: progress,
    });
    return { cost, facts: await machineFacts() };
  },
  resume: (asked, parts) => ({
    ...asked,
    done: [...(asked.done ?? []), ...parts.flatMap((one) => (one.type === "point" ? [one.point] : []))],
  }),
  summary: ({ cost: { points, sustained } }) => [
    ...points
      .slice(-6)
      .map(({ weights, prompt, memoryBytes, decodeTokensPerSecond }): [string, string] => [
        `${weights}, prompt of ${prompt}`,
        `${formatRate(decodeTokensPerSecond.median)} tokens/s, ${formatBytes(memoryBytes)}`,
      ]),
    ...(sustained === null ? [] : [["Kept after minutes", formatPercent(sustained.kept, 0)] as [string, string]]),
  ],
});

/**
 * A meter of one watt: what it counts are seconds. The host reads its own counter when told of a reading, and turns seconds per
 * token into joules by the power that it found between two.
 */
function hostMeter(shortestSeconds: number, hand: JobTools["part"]) {
  let count = 0;
  const start = async () => {
    const mine = ++count;
    const seconds = () => {
      const now = performance.now() / 1000;
      hand({ type: "reading", count: mine, seconds: now });
      return now;
    };
    const began = seconds();
    return async () => seconds() - began;
  };
  return { meter: { source: "host", shortestSeconds, start }, note: "" };
}
