// How an instruct model is asked for calls: system and user message as in PhoneLM's listing 1 (appendix D), with words about
// the form of the answer for models that were not tuned on it, in the chat template of the tokenizer.
import { HandheldError } from "../../errors.ts";
import { code } from "../../functions/formats/code.ts";
import { json } from "../../functions/formats/json.ts";
import type { FunctionSchema, ParameterSchema, Sample } from "../../functions/types.ts";
import { createChatTemplate } from "../../tokenizer/chat-template.ts";
import type { Tokenizer } from "../../tokenizer/tokenizer.ts";

/** What the answer is asked to be: JSON, code, or (`minimal`, for models tuned on DroidCall) code without a word about it. */
export const promptStyles = ["json", "code", "minimal"] as const;
/** See {@link promptStyles}. */
export type PromptStyle = (typeof promptStyles)[number];

/** What a prompt is made of. */
export interface PromptParts {
  query: string;
  tools: readonly FunctionSchema[];
  examples: readonly Sample[];
  style: PromptStyle;
  /** Also ask for what the user is told, after a line `Response:`. */
  response: boolean;
}

const system = "You are an expert in composing functions.";

const forms = {
  json: `Answer with the calls that do what the query asks, and nothing else, as a JSON list:
[{"name": "function", "arguments": {"argument": "value"}}]
Leave out arguments that the query says nothing of. An argument that is the result of an earlier call is "result1" for the first call, "result2" for the second.`,
  code: `Answer with the calls that do what the query asks, and nothing else, one a line:
result1 = function(argument="value")
Leave out arguments that the query says nothing of. An argument that is the result of an earlier call is its name: result1, result2.`,
  minimal: "",
} as const;

/** The user's message. */
export function userMessage({ query, tools, examples, style, response }: PromptParts): string {
  const shown =
    style === "minimal"
      ? tools.map(asText).join(`\n${"=".repeat(50)}\n`)
      : tools.map((tool) => JSON.stringify(asJson(tool))).join("\n");
  const solved = examples.map(
    (example) => `query: ${example.query}\nanswer:\n${answerText(example, tools, style, response)}`,
  );
  return [
    `Here is a list of functions that you can invoke:\n${shown}`,
    forms[style],
    response ? "Then write a line that begins with `Response:` and says to the user what was done." : "",
    solved.length > 0 ? `Some examples:\n\n${solved.join("\n\n")}` : "",
    `Now my query is: ${query}`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function answerText(
  { answers, response: said }: Sample,
  tools: readonly FunctionSchema[],
  style: PromptStyle,
  response: boolean,
): string {
  const calls = (style === "json" ? json : code).render(answers, tools);
  return response && said !== undefined ? `${calls}\nResponse: ${said}` : calls;
}

/** A schema without what only our own decoding knows. */
function asJson({ name, description, parameters, returns }: FunctionSchema) {
  const plain = ({ extractive: _, format: __, items, properties, ...rest }: ParameterSchema): object => ({
    ...rest,
    ...(items ? { items: plain(items) } : {}),
    ...(properties ? { properties: mapValues(properties, plain) } : {}),
  });
  const { properties, ...rest } = parameters;
  return {
    name,
    description,
    parameters: { ...rest, properties: mapValues(properties, plain) },
    ...(returns ? { returns: plain(returns) } : {}),
  };
}

function mapValues<T>(record: Readonly<Record<string, T>>, map: (value: T) => object): Record<string, object> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** A schema as DroidCall's code formats show it: Name, Description, Args and Returns, with types as Python writes them. */
function asText({ name, description = "", parameters, returns }: FunctionSchema): string {
  const types = Object.entries(parameters.properties).map(
    ([argument, schema]) => `    ${argument} (${pythonType(schema)}): ${(schema.description ?? "").trim()}`,
  );
  const back = returns ? `${pythonType(returns)}: ${(returns.description ?? "").trim()}` : "None";
  return [
    `Name:\n    ${name}`,
    `Description:\n    ${description.trim()}`,
    ["Args:", ...types].join("\n"),
    `Returns:\n    ${back}`,
  ].join("\n");
}

function pythonType({ type, items }: ParameterSchema): string {
  if (type === "array") return `List[${pythonType(items ?? { type: "string" })}]`;
  return { string: "str", integer: "int", number: "float", boolean: "bool", object: "Dict[str, Any]" }[type];
}

/** Makes prompts' tokens for one model. */
export class PromptEncoder {
  readonly #tokenizer: Tokenizer;
  readonly #template: ReturnType<typeof createChatTemplate>;

  /** @throws HandheldError `invalid-file` for a malformed chat template */
  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    this.#template = createChatTemplate(tokenizer.config);
  }

  /** The prompt; without a chat template the messages one after the other. @throws HandheldError where the template fails */
  encode(parts: PromptParts): Int32Array {
    const user = userMessage(parts);
    const template = this.#template;
    if (!template)
      return Int32Array.from(this.#tokenizer.encode(`${system}\n\n${user}\nanswer:\n`, { specialTokens: true }));
    // A date in a template must not make two runs of one evaluation differ.
    const options = { date: new Date(2024, 0, 1) };
    let text: string;
    try {
      text = template.render(
        [
          { role: "system", content: system },
          { role: "user", content: user },
        ],
        options,
      );
    } catch (error) {
      // Some models know no system message.
      if (!(error instanceof HandheldError) || error.code !== "invalid-data") throw error;
      text = template.render([{ role: "user", content: `${system}\n\n${user}` }], options);
    }
    return Int32Array.from(this.#tokenizer.encode(text, { specialTokens: false }));
  }
}
