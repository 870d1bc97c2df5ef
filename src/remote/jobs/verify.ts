// The job `verify`: candidates of a search measured whole, by turns, as verifyCandidates of ../../search does. Each turn is a
// part; one that was taken is not taken again. What was predicted stays with who asks.
import * as z from "zod";
import { formatRate } from "../../format.ts";
import { verifyCandidates } from "../../search/latency/verify.ts";
import { speedsOf } from "../../search/latency/whole-model.ts";
import { median } from "../../search/statistics.ts";
import { defineJob } from "../job.ts";
import { specSchema } from "./spec.ts";

// Faster than anything that runs these kernels: what lies above is a lie.
const speed = z.number().positive().max(1e8);
/** One turn of one candidate, tokens per second. */
const turn = z.strictObject({
  model: z.number().int().min(0).max(255),
  round: z.number().int().min(0).max(199),
  prefill: speed,
  decode: speed,
  prefillPace: z.number().positive().max(1e6),
  decodePace: z.number().positive().max(1e6),
  off: z.number().min(0).max(1e9),
});

export const verifyJob = defineJob({
  title: "Measuring the candidates",
  params: z.strictObject({
    specs: z.array(specSchema).min(1).max(256),
    /** Tokens of the prompt, and around which decoding is measured. */
    prompt: z
      .number()
      .int()
      .min(1)
      .max(1 << 20),
    context: z
      .number()
      .int()
      .min(0)
      .max(1 << 20),
    rounds: z.number().int().min(1).max(100).default(3),
    /** Turns of an earlier run that was cut off; they are not taken again. */
    earlier: z.array(turn).max(51_200).default([]),
    threads: z.number().int().min(1).max(64).optional(),
    /** How the device was when it was calibrated (AnchorReference). */
    anchors: z
      .strictObject({
        times: z
          .array(z.number().positive())
          .max(2)
          .refine(({ length }) => length !== 1, "both anchors, or none"),
        weightBytes: z
          .number()
          .positive()
          .max(2 ** 32),
        halfStreamed: z
          .number()
          .positive()
          .max(2 ** 40),
      })
      .optional(),
    patienceSeconds: z.number().min(0).max(3600).optional(),
  }),
  part: turn,
  result: z.strictObject({ turns: z.array(turn).max(51_200) }),
  async run({ specs, threads, ...options }, { createBackend, progress, part, signal }) {
    const backend = await createBackend({ threads });
    try {
      const turns = [...options.earlier];
      const onTurn = (taken: z.output<typeof turn>) => {
        turns.push(taken);
        part(taken);
      };
      await verifyCandidates(backend, specs, { ...options, signal, onTurn, onProgress: progress });
      return { turns };
    } finally {
      await backend.close();
    }
  },
  resume: (asked, earlier) => ({ ...asked, earlier: [...earlier] }),
  summary: ({ turns }) =>
    [...new Set(turns.map(({ model }) => model))]
      .sort((a, b) => a - b)
      .map((model) => {
        const { decode } = speedsOf(turns, model)!;
        return [`Candidate ${model + 1}`, `${formatRate(median(decode))} tokens/s`];
      }),
});
