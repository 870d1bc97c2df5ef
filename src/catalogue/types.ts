// What the catalogue says of a model, as a schema and as types. Nothing here is computed; see describe.ts.
import * as z from "zod";
import { activations } from "../spec/spec.ts";
import { sources } from "./sources.ts";

/** How queries share keys and values: each its own, groups, all the same, or one latent vector. */
export const attentionKinds = ["MHA", "GQA", "MQA", "MLA"] as const;

/** A catalogue entry. */
export const catalogueModelSchema = z.strictObject({
  /** How the model is called; unique. */
  name: z.string().regex(/^[\w.-]+$/),
  /** Repository on the Hugging Face hub; unique. */
  id: z.string().regex(/^[\w-]+\/[\w.-]+$/),
  organisation: z.string(),
  /** Nominal size as its authors call it. */
  size: z.string().regex(/^[\d.]+[MB]$/),
  /** Year and month of its release. */
  date: z.string().regex(/^20\d\d-(0[1-9]|1[0-2])$/),
  /** Null where it is not known. */
  attention: z.enum(attentionKinds).nullable(),
  activation: z.enum(activations),
  /** Longest sequence that it was trained for, in tokens. */
  context: z.number().int().positive(),
  /** What it was trained on can be downloaded. */
  openData: z.boolean(),
  source: z.enum(sources),
  /** Exact number of weights, where it was published. */
  publishedParameters: z.number().int().positive().optional(),
  /** The fields of its config.json that make the architecture, in its family's words; null where none is known. */
  config: z.looseObject({ model_type: z.string() }).nullable(),
});

/** See {@link catalogueModelSchema}. */
export type CatalogueModel = z.infer<typeof catalogueModelSchema>;
export type AttentionKind = (typeof attentionKinds)[number];
