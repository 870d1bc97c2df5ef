// The job `verify`: candidates of a search measured whole, by turns, as verifyCandidates of ../../search does. What was
// predicted stays with who asks.
import * as z from "zod";
import { formatRate } from "../../format.ts";
import { verifyCandidates } from "../../search/latency/verify.ts";
import { defineJob } from "../job.ts";
import { specSchema } from "./spec.ts";

// Faster than anything that runs these kernels: what lies above is a lie.
const speed = z.number().positive().max(1e8);
const measured = z.strictObject({
  tokensPerSecond: speed,
  spread: z.number().min(0).max(1e6),
  rounds: z.array(speed).min(1).max(100),
  disturbed: z.boolean(),
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
    threads: z.number().int().min(1).max(64).optional(),
    /** How the device was when it was calibrated (AnchorReference). */
    anchors: z
      .strictObject({
        times: z.array(z.number().positive()).max(16),
        weightBytes: z
          .number()
          .positive()
          .max(2 ** 32),
      })
      .optional(),
    patienceSeconds: z.number().min(0).max(3600).optional(),
  }),
  part: z.never(),
  /** In the order of the specs. */
  result: z.strictObject({
    rows: z
      .array(z.strictObject({ prefill: measured, decode: measured }))
      .min(1)
      .max(256),
  }),
  async run({ specs, threads, ...options }, { createBackend, progress, signal }) {
    const backend = await createBackend({ threads });
    try {
      const candidates = await verifyCandidates(backend, specs, { ...options, signal, onProgress: progress });
      return { rows: candidates.map(({ prefill, decode }) => ({ prefill: plain(prefill), decode: plain(decode) })) };
    } finally {
      await backend.close();
    }
  },
  summary: ({ rows }) =>
    rows.map(({ decode }, i) => [`Candidate ${i + 1}`, `${formatRate(decode.tokensPerSecond)} tokens/s`]),
});

function plain({ tokensPerSecond, spread, rounds, disturbed }: z.output<typeof measured>): z.output<typeof measured> {
  return { tokensPerSecond, spread, rounds, disturbed };
}
