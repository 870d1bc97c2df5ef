// The job `verify`: candidates of a search measured whole, by turns, as verifyCandidates of ../../search does. Each turn is a
// part; one that was taken is not taken again. What was predicted stays with who asks.
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
  rounds: z.array(speed).min(1).max(200),
});

/** One turn of one candidate, tokens per second. */
const turn = z.strictObject({
  model: z.number().int().min(0).max(255),
  round: z.number().int().min(0).max(199),
  prefill: speed,
  decode: speed,
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
    /** A candidate whose rounds lie further apart than this share gets as many again. */
    spreadAtMost: z.number().min(0).max(1e6).optional(),
    /** Turns of an earlier run that was cut off; they are not taken again. */
    earlier: z.array(turn).max(51_200).default([]),
    threads: z.number().int().min(1).max(64).optional(),
  }),
  part: turn,
  /** In the order of the specs. */
  result: z.strictObject({
    rows: z
      .array(z.strictObject({ prefill: measured, decode: measured }))
      .min(1)
      .max(256),
  }),
  async run({ specs, threads, ...options }, { createBackend, progress, part, signal }) {
    const backend = await createBackend({ threads });
    try {
      const hear = { signal, onTurn: part, onProgress: progress };
      const candidates = await verifyCandidates(backend, specs, { ...options, ...hear });
      return { rows: candidates.map(({ prefill, decode }) => ({ prefill: plain(prefill), decode: plain(decode) })) };
    } finally {
      await backend.close();
    }
  },
  resume: (asked, earlier) => ({ ...asked, earlier: [...earlier] }),
  summary: ({ rows }) =>
    rows.map(({ decode }, i) => [`Candidate ${i + 1}`, `${formatRate(decode.tokensPerSecond)} tokens/s`]),
});

function plain({ tokensPerSecond, spread, rounds }: z.output<typeof measured>): z.output<typeof measured> {
  return { tokensPerSecond, spread, rounds };
}
