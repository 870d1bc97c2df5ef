// A record: all that one `handheld eval` found out about one model on one device. Validated, versioned data; an old record
// always reads.
import * as z from "zod";
import { costSchema } from "../cost/result.ts";
import { evaluationConfigSchema, needleSchema, taskResultSchema } from "../eval/result.ts";

/** Version of {@link recordSchema} that is written. */
export const recordVersion = 1;

/** Function calling, by the protocol that `kind` names. */
export const callsRecordSchema = z.object({
  /** `calls`: exact calls of the model's own format; `droidcall`, `api`, `slots`: see src/eval/calls. */
  protocol: z.string(),
  data: z.string(),
  shots: z.number().int().nonnegative(),
  n: z.number().int().nonnegative(),
  /** Number format of the matrices. */
  weights: z.string().optional(),
  /** By name: accuracy, softAccuracy, intentExactMatch, rouge1, slotF1 … Shares of 1. */
  metrics: z.record(z.string(), z.object({ value: z.number().nullable(), stderr: z.number().nullable() })),
});

/** What is appended to a results folder. */
export const recordSchema = z.object({
  version: z.literal(recordVersion),
  /** Unique; sorts by time; the name of its file. See newRecordId. */
  id: z.string().regex(/^\w[\w.-]{0,127}$/),
  /** ISO 8601, UTC. */
  createdAt: z.iso.datetime(),
  /** What made it: this package's version, and the commit of its checkout where it was one. */
  tool: z.object({ version: z.string(), commit: z.string().nullable() }),
  model: z.object({
    /** As it was given, or as the catalogue calls it. */
    name: z.string(),
    /** SHA-256 over the model's files; null for random weights. */
    hash: z.string().nullable(),
    parameters: z.number().int().nonnegative(),
    /** Name in the catalogue, where its spec or the user says which it is. */
    catalogue: z.string().nullable(),
    /** YYYY-MM or YYYY-MM-DD. */
    released: z.string().nullable(),
  }),
  /** The architecture, as src/spec reads it. */
  spec: z.record(z.string(), z.unknown()),
  device: z.object({
    /** As the user or the device calls itself. */
    name: z.string(),
    transport: z.enum(["local", "phone", "ssh", "adb"]),
    platform: z.string(),
    arch: z.string(),
    cpuModel: z.string().nullable(),
    cores: z.number().int().positive(),
    memoryBytes: z.number().nullable(),
    runtime: z.object({ name: z.string(), version: z.string() }),
  }),
  /** Settings of the tasks; null where none ran. */
  config: evaluationConfigSchema.nullable(),
  suite: z.string().nullable(),
  tasks: z.array(taskResultSchema),
  calls: z.array(callsRecordSchema),
  needle: needleSchema.shape.cells.nullable(),
  /** Settings of the needle, where it was looked for. */
  needleConfig: needleSchema.shape.config.optional(),
  cost: costSchema.nullable(),
  /** File of the questions with their scores, relative to the results folder; see samples.ts. */
  samplesFile: z
    .string()
    .regex(/^samples\/[\w.-]+\.jsonl$/)
    .nullable(),
  notes: z.array(z.string()),
});

/** See {@link recordSchema}. */
export type ResultRecord = z.infer<typeof recordSchema>;
/** See {@link callsRecordSchema}. */
export type CallsRecord = z.infer<typeof callsRecordSchema>;
