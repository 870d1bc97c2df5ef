// DroidCall's form of a function: arguments with Python types ("str", "List[str]", "Optional[int]", "Dict[str, Any]").

import { HandheldError } from "../errors.ts";

const TYPES: { readonly [python: string]: string } = {
  str: "string",
  int: "integer",
  float: "number",
  bool: "boolean",
  list: "array",
  dict: "object",
  any: "string",
};

/** JSON Schema of a Python type hint; throws HandheldError "invalid-data" for one it does not know. */
export function pythonType(hint: string): { type: string; items?: object } {
  const [, outer = "", inner] = /^\s*(\w+)\s*(?:\[(.*)\])?\s*$/s.exec(hint) ?? [];
  const name = outer.toLowerCase();
  if (name === "optional" && inner) return pythonType(inner);
  const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  if (type === undefined) {
    const known = Object.keys(TYPES).join(", ");
    throw new HandheldError("invalid-data", `type "${hint}" is unknown; use ${known}, List[…] or Optional[…]`);
  }
  return type === "array" ? { type, items: inner ? pythonType(inner) : { type: "string" } } : { type };
}

interface DroidCallArgument {
  description?: unknown;
  type: string;
  required?: boolean;
  default?: unknown;
}

/** Whether `value` has DroidCall's `arguments` in place of `parameters`. */
export function isDroidCall(value: unknown): value is Record<string, unknown> & { arguments: object } {
  const { arguments: given, parameters } = (value ?? {}) as { arguments?: unknown; parameters?: unknown };
  return parameters === undefined && typeof given === "object" && given !== null && !Array.isArray(given);
}

function parameterOf(argument: DroidCallArgument): object {
  const { description, type, default: fallback } = argument ?? {};
  const known = typeof type === "string" ? pythonType(type) : { type };
  return {
    ...known,
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined || fallback === null ? {} : { default: fallback }),
  };
}

/** Our form (still unchecked) of a DroidCall function. A default of null means that the argument may be left out. */
export function fromDroidCall(value: Record<string, unknown> & { arguments: object }): object {
  const entries = Object.entries(value.arguments) as [string, DroidCallArgument][];
  const returns = value.returns as DroidCallArgument | undefined;
  return {
    name: value.name,
    ...(value.description === undefined ? {} : { description: value.description }),
    parameters: {
      type: "object",
      properties: Object.fromEntries(entries.map(([name, argument]) => [name, parameterOf(argument)])),
      required: entries.filter(([, argument]) => argument?.required === true).map(([name]) => name),
    },
    ...(returns ? { returns: parameterOf(returns) } : {}),
  };
}
