// handheld models: the catalogue of small language models, and what each would cost on this machine.
import type { DescribedModel, Selection } from "../../catalogue/index.ts";
import { suggest } from "../../errors.ts";
import { formatBytes, formatCount, formatTokens } from "../../format.ts";
import { type Action, defineFrame } from "../command.ts";
import { choice, flag, integer, number, text, UsageError } from "../options.ts";
import { formatTable } from "../table.ts";

const sorts = [
  ...(["organisation", "name", "date", "attention", "activation", "context"] as const),
  ...(["parameters", "size", "kv", "memory"] as const),
] as const;

export const modelsFrame = defineFrame({
  name: "models",
  summary: "List small language models, and whether this machine can hold them",
  details:
    "The 68 models of Lu et al., Demystifying Small Language Models for Edge Deployment (2025), with PhoneLM and MobileLLM.\n" +
    "Sizes are those of 4.5 bits a weight, the KV cache that of int8. Nothing is downloaded.",
  arguments: {},
  options: {
    organisation: text("--organisation <name>", "only models of this organisation"),
    attention: text("--attention <kind>", "only this attention (MHA, GQA, MQA, MLA)"),
    activation: text("--activation <name>", "only this FFN activation (relu, silu, gelu, gelu_tanh, relu2)"),
    openData: flag("--open-data", "only models whose training data is open"),
    maxParameters: integer("--max-parameters <n>", "at most so many parameters (500M, 1.5B)", { min: 1 }),
    maxSize: number("--max-size <bytes>", "at most so many bytes as int4 (300M, 1G)", { min: 1 }),
    fits: flag("--fits", "only models that this machine can hold"),
    search: text("--search <text>", "only models with this in their name, repository, organisation or family"),
    context: integer("--context <tokens>", "tokens of the KV cache that must fit too", { min: 1, max: 1 << 24 }, 2048),
    sort: choice("--sort <column>", "order", sorts, "organisation"),
  },
  examples: [
    ["models", "all models, by organisation"],
    ["models --fits --open-data --sort parameters", "what runs here and has open training data, smallest first"],
    ["models --attention GQA --max-size 500M --context 8k", "grouped-query models of at most 500 MB as int4"],
    ["models --search qwen --json", "everything that is known of the Qwen models"],
  ],
});

export const runModels: Action<typeof modelsFrame> = async (options, io) => {
  const { catalogueModels, describeModel, selectModels } = await import("../../catalogue/index.ts");
  const { machineFacts } = await import("../../devices/machine.ts");
  const selection = await readSelection(options);
  const { memoryBytes } = await machineFacts();
  const place = { memoryBytes, tokens: options.context };
  const described = catalogueModels.map((model) => describeModel(model, place));
  const models = selectModels(described, selection, options.sort);
  io.result({ models, count: models.length, memoryBytes, context: options.context });
  if (models.length === 0) {
    io.print(`none of the ${catalogueModels.length} models passes; leave out a filter`);
    return;
  }
  io.print(listModels(models));
  for (const line of footnotes(models, memoryBytes, options.context)) io.print(`  ${line}`);
};

type Line = Parameters<typeof runModels>[0];

async function readSelection(options: Line): Promise<Selection> {
  const { filterValues } = await import("../../catalogue/index.ts");
  const { organisation, attention, activation, openData, maxParameters, maxSize, fits, search } = options;
  return {
    organisation: pick("--organisation", organisation, filterValues.organisation),
    attention: pick("--attention", attention, filterValues.attention),
    activation: pick("--activation", activation, filterValues.activation),
    ...{ openData, maxParameters, maxBytes: maxSize, fits, search },
  };
}

// The name that is meant: letters and digits count, and the beginning is enough where it is only one's.
function pick(option: string, given: string | undefined, names: readonly string[]): string | undefined {
  if (given === undefined) return undefined;
  const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");
  const exact = names.find((name) => plain(name) === plain(given));
  if (exact !== undefined) return exact;
  const begun = names.filter((name) => plain(given) !== "" && plain(name).startsWith(plain(given)));
  if (begun.length === 1) return begun[0];
  const hint = suggest(given, names) || `; known: ${names.join(", ")}`;
  throw new UsageError(`${option} takes one of the catalogue's names, got "${given}"${hint}`);
}

function listModels(models: readonly DescribedModel[]): string {
  const columns = [
    ...[{ title: "model" }, { title: "organisation" }, { title: "date" }, { title: "attn" }, { title: "activation" }],
    ...["context", "data", "params", "int4", "KV/token", "fits"].map((title) => ({ title, numeric: title !== "data" })),
  ];
  const rows = models.map((model) => [
    ...[model.name, model.organisation, model.date, model.attention ?? "-", model.activation],
    ...[formatTokens(model.context), model.openData ? "open" : "closed"],
    model.parameters === null ? `~${model.size.replace(/([MB])$/, " $1")}` : formatCount(model.parameters),
    ...[model.int4Bytes, model.kvBytesPerToken].map((bytes) => (bytes === null ? "-" : formatBytes(bytes))),
    model.fits === null ? "-" : model.fits ? "yes" : "no",
  ]);
  return formatTable(columns, rows);
}

function footnotes(models: readonly DescribedModel[], memoryBytes: number | null, tokens: number): string[] {
  const organisations = new Set(models.map(({ organisation }) => organisation)).size;
  const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
  const memory = memoryBytes === null ? "" : ` and the ${formatBytes(memoryBytes)} of this machine`;
  const unknown = models.some(({ reason }) => reason !== null);
  return [
    "",
    `${counted(models.length, "model")} of ${counted(organisations, "organisation")}`,
    `fits: weights as int4, a KV cache of ${formatTokens(tokens)} tokens and buffers, in 4 GiB of WebAssembly${memory}`,
    ...(unknown ? ["- under fits: the engine does not run this architecture; --json says why"] : []),
  ];
}
