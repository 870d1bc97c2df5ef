// An architecture as a parameter of a job: validated as createSpec does, wherever it comes from.
import * as z from "zod";
import { createSpec, type Spec, type SpecInput } from "../../spec/spec.ts";

export const specSchema = z.unknown().transform((value, context): Spec => {
  try {
    return createSpec(value as SpecInput);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
    return z.NEVER;
  }
});
