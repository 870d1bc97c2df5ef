// What a published table says, as data: figures that others measured, with where they are printed. They are shown beside
// records and never averaged or ranked with them.
import * as z from "zod";

const value = z.number().nonnegative().nullable();

/** A column of a table: which task, and how it was asked. */
export const publishedColumnSchema = z.strictObject({
  /** Name of the task or of a metric of function calls, as records have it: `piqa`, `droidcall.accuracy`. */
  task: z.string().regex(/^[\w.-]+$/),
  /** `0-shot`, `5-shot`, `few-shot`, `fine-tuned`; empty where the paper does not say. */
  setting: z.string(),
});

/** One table of one paper. */
export const publishedTableSchema = z.strictObject({
  /** Authors and year, the paper's short name, the table: `Yi et al. 2024, PhoneLM, Table 5`. */
  source: z.string(),
  url: z.url(),
  /** How it was measured, as far as the paper says. */
  note: z.string(),
  /** What speeds were measured on; null where the table has none. */
  device: z.string().nullable(),
  columns: z.array(publishedColumnSchema),
  /** 100 where values are percent, 1 where they are shares. */
  scale: z.union([z.literal(1), z.literal(100)]),
  rows: z.array(
    z.strictObject({
      /** By the catalogue's name where the catalogue has the model. */
      model: z.string(),
      /** As printed: 410M, 1.5B. Null where the table has none. */
      size: z
        .string()
        .regex(/^[\d.]+[MB]$/)
        .nullable(),
      /** YYYY-MM, for models that the catalogue does not have. */
      released: z
        .string()
        .regex(/^20\d\d-(0[1-9]|1[0-2])$/)
        .optional(),
      /** One per column, as printed; null where nothing is printed, or it cannot be read. */
      values: z.array(value),
      /** The average that the table prints, for checking the row. */
      average: z.number().optional(),
      /** Tokens per second. */
      prefill: z.number().positive().optional(),
      decode: z.number().positive().optional(),
    }),
  ),
});

/** See {@link publishedTableSchema}. */
export type PublishedTable = z.infer<typeof publishedTableSchema>;

/** Columns of tasks that were all asked in the same way. */
export function columns(setting: string, ...tasks: string[]): PublishedTable["columns"] {
  return tasks.map((task) => ({ task, setting }));
}
