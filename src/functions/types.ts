// What a function, a call and a training sample are. Types only; `schema.ts` validates them.

/** A value that JSON can hold. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/**
 * One parameter as JSON Schema (the subset that calls need). `extractive` (our extension, a boolean) marks a string
 * whose value is always copied from the query: constrained decoding then allows only spans of the query.
 */
export interface ParameterSchema {
  type: "string" | "integer" | "number" | "boolean" | "array" | "object";
  description?: string | undefined;
  enum?: (string | number)[] | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  items?: ParameterSchema | undefined;
  properties?: Record<string, ParameterSchema> | undefined;
  required?: string[] | undefined;
  default?: Json | undefined;
  extractive?: boolean | undefined;
  /** With `extractive`: `email`, `phone` or `uri` restricts what may be copied (copy-formats.ts); others say nothing. */
  format?: string | undefined;
}

/** A function the model may call: name, JSON Schema of its arguments, and what it returns, if anything. */
export interface FunctionSchema {
  name: string;
  description?: string | undefined;
  parameters: { type: "object"; properties: Record<string, ParameterSchema>; required?: string[] | undefined };
  returns?: ParameterSchema | undefined;
}

/**
 * One call. An argument whose value is the string `result1`, `result2`, … refers to what the first, second, …
 * call of the same answer returns (nested calls).
 */
export interface Call {
  name: string;
  arguments: Record<string, Json>;
}

/** One training or test sample. `phrasing` names the template that a generated query came from; splits keep each on one side. */
export interface Sample {
  query: string;
  answers: Call[];
  phrasing?: string | undefined;
  /** What the user is told, where the data say it. */
  response?: string | undefined;
}

/** A data set ready for training: the functions and three splits. */
export interface CallDataset {
  functions: FunctionSchema[];
  train: Sample[];
  validation: Sample[];
  test: Sample[];
}
