// Reading function schemas in the three forms they come in: ours (a list of name, description, parameters as JSON
// Schema), OpenAI tools ({"type":"function","function":{…}}) and DroidCall's (arguments with Python types).

import * as z from "zod";
import { HandheldError } from "../errors.ts";
import { canStart, decimalRange } from "./constrain/decimal.ts";
import { fromDroidCall, isDroidCall } from "./droidcall-schema.ts";
import type { FunctionSchema, Json, ParameterSchema } from "./types.ts";

/** What a function or argument may be called: visible characters that no call format uses as punctuation. */
export const NAME_PATTERN = /^[^\s\p{C}"'`()[\]{}=,;\\]+$/u;

const name = z.string().regex(NAME_PATTERN, "a name holds no spaces, quotes, brackets, commas, = or \\");
const TYPES = ["string", "integer", "number", "boolean", "array", "object"] as const;

/** `["string", "null"]` is read as `string`: whether an argument may be left out is said by `required`. */
const type = z.preprocess(
  (value) => (Array.isArray(value) ? (value.find((t) => t !== "null") ?? value) : value),
  z.enum(TYPES),
);

const parameter: z.ZodType<ParameterSchema> = z.lazy(() =>
  z
    .object({
      type,
      description: z.string().optional(),
      enum: z
        .array(z.union([z.string(), z.number()]))
        .min(1)
        .optional(),
      minimum: z.number().optional(),
      maximum: z.number().optional(),
      items: parameter.optional(),
      properties: z.record(z.string(), parameter).optional(),
      required: z.array(z.string()).optional(),
      default: z.json().optional() as z.ZodType<Json | undefined>,
      extractive: z.boolean().optional(),
      format: z.string().optional(),
    })
    .superRefine((value, context) => {
      const problem = parameterProblem(value);
      if (problem) context.addIssue({ code: "custom", message: problem });
    }),
);

const functionSchema: z.ZodType<FunctionSchema> = z.object({
  name,
  description: z.string().optional(),
  parameters: z
    .object({
      type: z.literal("object"),
      properties: z.record(name, parameter),
      required: z.array(z.string()).optional(),
    })
    .superRefine((value, context) => {
      const problem = missingProperty(value);
      if (problem) context.addIssue({ code: "custom", message: problem });
    }),
  returns: parameter.optional(),
});

function missingProperty(value: { properties?: Record<string, unknown> | undefined; required?: string[] | undefined }) {
  const missing = value.required?.find((key) => !Object.hasOwn(value.properties ?? {}, key));
  return missing === undefined ? undefined : `"required" names "${missing}", which is not among the properties`;
}

function parameterProblem(value: ParameterSchema): string | undefined {
  if (value.enum) return enumProblem(value.enum, value.type);
  if (value.type === "integer" || value.type === "number") {
    if (canStart("", decimalRange(value.type === "integer", value.minimum, value.maximum))) return undefined;
    return `no ${value.type} lies between minimum ${value.minimum} and maximum ${value.maximum}`;
  }
  return value.type === "object" && value.properties ? missingProperty(value) : undefined;
}

function enumProblem(values: readonly (string | number)[], type: ParameterSchema["type"]): string | undefined {
  const wrong = values.find((v) => {
    if (type === "string") return typeof v !== "string";
    return typeof v !== "number" || (type === "integer" ? !Number.isInteger(v) : type !== "number");
  });
  return wrong === undefined ? undefined : `"enum" holds ${JSON.stringify(wrong)}, which is not of type ${type}`;
}

/** A list of functions out of what a file may hold: a list, one function, or an object with `functions` or `tools`. */
function unwrap(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  const { functions, tools } = (value ?? {}) as { functions?: unknown; tools?: unknown };
  if (Array.isArray(functions)) return functions;
  return Array.isArray(tools) ? tools : [value];
}

function toOurForm(value: unknown): unknown {
  const tool = value as { type?: unknown; function?: unknown } | null;
  const inner = (tool?.type === "function" && tool.function ? tool.function : value) as Record<string, unknown>;
  if (isDroidCall(inner)) return fromDroidCall(inner);
  // A function without arguments may leave `parameters` or its properties out.
  if (typeof inner !== "object" || inner === null) return inner;
  const { parameters = {} } = inner;
  const given = typeof parameters === "object" && parameters !== null ? parameters : { type: parameters };
  return { ...inner, parameters: { type: "object", properties: {}, ...given } };
}

/**
 * The function schemas in parsed JSON, checked. `where` (a file name) begins error messages.
 * Throws HandheldError "invalid-data" that names the field.
 *
 * @example
 * ```ts
 * parseFunctions([{ name: "dial", parameters: { type: "object", properties: { number: { type: "string" } } } }]);
 * ```
 */
export function parseFunctions(value: unknown, where = "functions"): FunctionSchema[] {
  const out = unwrap(value).map((item, i) => parseOne(item, `${where}: functions[${i}]`));
  if (out.length === 0) throw new HandheldError("invalid-data", `${where}: no functions; give at least one`);
  const seen = new Set<string>();
  for (const { name } of out) {
    if (seen.has(name)) throw new HandheldError("invalid-data", `${where}: function "${name}" is defined twice`);
    seen.add(name);
  }
  return out;
}

function parseOne(item: unknown, where: string): FunctionSchema {
  const result = functionSchema.safeParse(toOurForm(item));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue?.path.map(String).join(".") ?? "";
  throw new HandheldError("invalid-data", `${where}${path === "" ? "" : `.${path}`}: ${issue?.message}`, {
    cause: result.error,
  });
}
