// Reads the fields of a parsed config.json by name and type. Nothing in it is believed before it was looked at; errors are
// in the file's words.
import { HandheldError, suggest } from "../../errors.ts";
import type { Activation, RopeScaling } from "../../spec/spec.ts";

/** Our activation → its names in transformers' ACT2FN; the first of several is the one written. */
export const hfActivations: Record<Activation, readonly string[]> = {
  relu: ["relu"],
  silu: ["silu", "swish"],
  gelu: ["gelu"],
  gelu_tanh: ["gelu_pytorch_tanh", "gelu_new", "gelu_fast"],
  relu2: ["relu2"],
};

/** A field's name, or several of which the first that is there counts. */
type Key = string | readonly string[];

/** Fields of a config.json, or of an object within it. Fields that are null count as absent. */
export class ConfigReader {
  readonly where: string;
  private readonly json: Record<string, unknown>;

  /** @throws HandheldError `invalid-spec` where `json` is no object; `where` prefixes all messages. */
  constructor(json: unknown, where: string) {
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      throw new HandheldError("invalid-spec", `${where}: expected a JSON object`);
    }
    this.json = json as Record<string, unknown>;
    this.where = where;
  }

  has(key: Key): boolean {
    return this.find(key) !== undefined;
  }

  /** True where the field is there and null: "none", other than absent, which is the default. */
  isNull(key: string): boolean {
    return Object.hasOwn(this.json, key) && this.json[key] === null;
  }

  /** @throws HandheldError `invalid-spec` for another type, or where it is absent and there is no default */
  number(key: Key, fallback?: number): number {
    return this.typed(key, "number", fallback, (value) => typeof value === "number" && Number.isFinite(value));
  }

  flag(key: Key, fallback?: boolean): boolean {
    return this.typed(key, "boolean", fallback, (value) => typeof value === "boolean");
  }

  text(key: Key, fallback?: string): string {
    return this.typed(key, "string", fallback, (value) => typeof value === "string");
  }

  numbers(key: Key): number[] {
    return this.typed<number[]>(key, "list of numbers", undefined, (value) => {
      return Array.isArray(value) && value.every((item) => typeof item === "number" && Number.isFinite(item));
    });
  }

  texts(key: Key): string[] {
    return this.typed<string[]>(key, "list of strings", undefined, (value) => {
      return Array.isArray(value) && value.every((item) => typeof item === "string");
    });
  }

  /** An object within; null where it is absent. */
  section(key: string): ConfigReader | null {
    const value = this.find(key);
    return value === undefined ? null : new ConfigReader(value, `${this.where}: ${key}`);
  }

  /** The field's value, unchecked. */
  raw(key: string): unknown {
    return this.find(key);
  }

  /** An activation by the name it has in transformers. @throws HandheldError `unsupported` for another one */
  activation(key: Key, fallback: string): Activation {
    const name = this.text(key, fallback);
    for (const [activation, names] of Object.entries(hfActivations)) {
      if (names.includes(name)) return activation as Activation;
    }
    const known = Object.values(hfActivations).flat();
    const hint = suggest(name, known) || `; known: ${known.join(", ")}`;
    throw this.unsupported(`${this.nameOf(key)} "${name}" is not supported${hint}`);
  }

  unsupported(reason: string): HandheldError {
    return new HandheldError("unsupported", `${this.where}: ${reason}`);
  }

  invalid(reason: string): HandheldError {
    return new HandheldError("invalid-spec", `${this.where}: ${reason}`);
  }

  private typed<T>(key: Key, type: string, fallback: T | undefined, check: (value: unknown) => boolean): T {
    const value = this.find(key);
    if (value === undefined && fallback !== undefined) return fallback;
    if (check(value)) return value as T;
    const got = value === undefined ? "nothing" : describe(value);
    throw this.invalid(`${this.nameOf(key)}: expected a ${type}, got ${got}`);
  }

  private find(key: Key): unknown {
    for (const name of typeof key === "string" ? [key] : key) {
      if (Object.hasOwn(this.json, name) && this.json[name] !== null) return this.json[name];
    }
    return undefined;
  }

  private nameOf(key: Key): string {
    if (typeof key === "string") return key;
    return key.find((name) => Object.hasOwn(this.json, name)) ?? key[0]!;
  }
}

function describe(value: unknown): string {
  const text = typeof value === "object" ? (Array.isArray(value) ? "a list" : "an object") : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** RoPE's base, from where transformers 4 and 5 keep it. */
export function ropeBase(config: ConfigReader, fallback = 10_000): number {
  return config.section("rope_parameters")?.number("rope_theta", fallback) ?? config.number("rope_theta", fallback);
}

/**
 * How RoPE is scaled. LongRoPE's original context may stand beside or within the section.
 * @throws HandheldError `unsupported` for kinds that are not known here
 */
export function ropeScaling(config: ConfigReader, context: number): RopeScaling | null {
  const section = config.section("rope_parameters") ?? config.section("rope_scaling");
  if (section === null) return null;
  const type = section.text(["rope_type", "type"], "default");
  switch (type) {
    case "default":
    case "dynamic": // Changes nothing up to the context that config.json gives, and here no sequence is longer.
      return null;
    case "linear":
      return { type: "linear", factor: section.number("factor") };
    case "llama3":
      return {
        type: "llama3",
        factor: section.number("factor"),
        lowFrequency: section.number("low_freq_factor"),
        highFrequency: section.number("high_freq_factor"),
        original: section.number("original_max_position_embeddings"),
      };
    case "su":
    case "longrope":
      return longRope(config, section, context);
    default:
      throw config.unsupported(
        `rope type "${type}" is not supported; known: default, dynamic, linear, llama3, longrope`,
      );
  }
}

function longRope(config: ConfigReader, section: ConfigReader, context: number): RopeScaling {
  const name = "original_max_position_embeddings";
  const original = config.has(name) ? config.number(name) : section.number(name, context);
  const factor = section.number("factor", context / original);
  const usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
  return {
    type: "longrope",
    short: section.numbers("short_factor"),
    long: section.numbers("long_factor"),
    original,
    magnitude: section.number("attention_factor", usual),
  };
}

/**
 * Blocks that attend to all tokens although there is a sliding window: those that `layer_types` says, or else those for
 * which `isFull` holds.
 */
export function fullLayers(config: ConfigReader, layers: number, isFull: (i: number) => boolean): number[] {
  if (!config.has("layer_types")) return Array.from({ length: Math.min(layers, 1 << 16) }, (_, i) => i).filter(isFull);
  const types = config.texts("layer_types");
  const other = types.find((type) => type !== "full_attention" && type !== "sliding_attention");
  if (other !== undefined) throw config.unsupported(`layer_types: "${other}" is not supported`);
  if (types.length !== layers) throw config.invalid(`layer_types: ${types.length} given for ${layers} layers`);
  return types.flatMap((type, i) => (type === "full_attention" ? [i] : []));
}
