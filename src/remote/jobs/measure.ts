// The job `measure`: speeds of whole models with random int4 weights, one spec after the other. Each measured spec is a part,
// so a device that goes away half-way has not measured for nothing, and one that forgot the job goes on behind them.
import * as z from "zod";
import { HandheldError } from "../../errors.ts";
import { formatCount, formatRate } from "../../format.ts";
import type { Backend } from "../../kernels/index.ts";
import { Decoder } from "../../model/decoder.ts";
import { timeDecode, timePrefill } from "../../search/timing.ts";
import { countParameters, modelBytes } from "../../spec/arithmetic.ts";
import type { Spec } from "../../spec/spec.ts";
import { defineJob, type JobTools } from "../job.ts";
import { plainText } from "../messages.ts";
import { specSchema } from "./spec.ts";

// Faster than anything that runs these kernels: what lies above is a lie.
const speed = z.number().positive().max(1e8);

const row = z.strictObject({
  /** Which of the specs, from 0. */
  index: z.number().int().min(0).max(255),
  /** Null where it could not be measured, with the reason in `problem`. */
  measured: z
    .strictObject({
      decodeTokensPerSecond: speed,
      prefillTokensPerSecond: speed,
      spread: z.number().min(0).max(1e6),
      sizeBytes: z
        .number()
        .int()
        .positive()
        .max(2 ** 40),
    })
    .nullable(),
  problem: plainText(2000).nullable(),
});

const params = z.strictObject({
  specs: z.array(specSchema).min(1).max(256),
  /** Tokens of the prompt, and in the cache before the first decoded one. */
  prompt: z
    .number()
    .int()
    .min(1)
    .max(1 << 20)
    .default(64),
  context: z
    .number()
    .int()
    .min(0)
    .max(1 << 20)
    .default(64),
  threads: z.number().int().min(1).max(64).optional(),
  /** Rows of an earlier run that was cut off: those specs are not measured again. */
  earlier: z.array(row).max(256).default([]),
  repeats: z.number().int().min(1).max(100).default(5),
  repeatSeconds: z.number().min(0.001).max(10).default(0.1),
  budgetSeconds: z.number().min(0.001).max(600).default(15),
});

export const measureJob = defineJob({
  title: "Measuring models",
  params,
  part: row,
  result: z.strictObject({
    threads: z.number().int().min(1).max(64),
    simd: z.enum(["relaxed", "simd128", "none"]),
    rows: z.array(row).max(256),
  }),
  async run(asked, tools) {
    const backend = await tools.createBackend({ threads: asked.threads });
    try {
      const rows = await measureAll(asked, backend, tools);
      return { threads: backend.threads, simd: backend.simd, rows };
    } finally {
      await backend.close();
    }
  },
  resume: (asked, earlier) => ({ ...asked, earlier: [...earlier] }),
  summary({ rows, threads }) {
    return [
      ["Threads", String(threads)],
      ...rows.map(({ index, measured, problem }): [string, string] => [
        `Model ${index + 1}`,
        measured === null ? problem! : `${formatRate(measured.decodeTokensPerSecond)} tokens/s`,
      ]),
    ];
  },
});

type Row = z.output<typeof row>;

async function measureAll(asked: z.output<typeof params>, backend: Backend, tools: JobTools) {
  const { specs } = asked;
  const rows = [...asked.earlier];
  for (const [index, spec] of specs.entries()) {
    if (rows.some((one) => one.index === index)) continue;
    tools.progress(index, specs.length, `${formatCount(countParameters(spec).total)} parameters`);
    const found = await measureOne(spec, asked, backend, tools.signal).then(
      (measured) => ({ measured, problem: null }),
      (error) => ({ measured: null, problem: problemOf(error) }),
    );
    const measured: Row = { index, ...found };
    rows.push(measured);
    tools.part(measured);
  }
  tools.progress(specs.length, specs.length);
  return rows;
}

async function measureOne(spec: Spec, asked: z.output<typeof params>, backend: Backend, signal: AbortSignal) {
  const { prompt, context, repeats, repeatSeconds, budgetSeconds } = asked;
  const timing = { repeats, repeatSeconds, budgetSeconds, signal };
  const decoder = Decoder.random(backend, spec);
  try {
    const prefill = await timePrefill(decoder, prompt, timing);
    const decode = await timeDecode(decoder, context, timing);
    return {
      decodeTokensPerSecond: decode.tokensPerSecond,
      prefillTokensPerSecond: prefill.tokensPerSecond,
      spread: Math.max(decode.spread, prefill.spread),
      sizeBytes: modelBytes(spec, "int4"),
    };
  } finally {
    decoder.close();
  }
}

// A model too large for this machine leaves the others to be measured.
function problemOf(error: unknown): string {
  if (error instanceof HandheldError && error.code !== "aborted") return error.message;
  throw error;
}
