// handheld info: what one model is and costs, on disk or in the catalogue, without loading its weights.
import type { CatalogueModel, DescribedModel, InspectedModel, ModelCost } from "../../catalogue/index.ts";
import { HandheldError, suggest } from "../../errors.ts";
import { formatBytes, formatCount, formatTokens } from "../../format.ts";
import { pathExists } from "../../io.ts";
import type { Spec } from "../../spec/spec.ts";
import { type Action, defineFrame } from "../command.ts";
import type { CommandIo } from "../io.ts";
import { integer, required } from "../options.ts";

export const infoFrame = defineFrame({
  name: "info",
  summary: "Show what a model is and what it costs, without loading it",
  details:
    "Of a directory it reads config.json and the headers of the safetensors files, of a GGUF file the header. A name of\n" +
    "the catalogue (see handheld models) needs no file; of another model on the hub config.json is fetched.",
  arguments: {
    model: required("<model>", "model directory, GGUF file, name of the catalogue, or hub:org/name[@revision]"),
  },
  options: {
    context: integer("--context <tokens>", "tokens of the KV cache that must fit too", { min: 1, max: 1 << 24 }, 2048),
  },
  examples: [
    ["info runs/calls/int4", "the model that `handheld create` made"],
    ["info smollm-135m-q8_0.gguf --json", "a GGUF file, as JSON"],
    ["info hub:HuggingFaceTB/SmolLM-135M --context 8k", "a model of the catalogue, with a longer cache"],
  ],
});

export const runInfo: Action<typeof infoFrame> = async ({ model, context }, io) => {
  const { machineFacts } = await import("../../devices/machine.ts");
  const { describeModel, inspectModel } = await import("../../catalogue/index.ts");
  const { memoryBytes } = await machineFacts();
  const place = { memoryBytes, tokens: context };
  const entry = await findEntry(model);
  if (entry === undefined) {
    const inspected = await inspectModel(await locate(model, io), place);
    io.result({ ...inspected, memoryBytes, context });
    print(io.print, [...describeFiles(inspected), ...describeCost(inspected)]);
  } else {
    const described = describeModel(entry, place);
    io.result({ kind: "catalogue", ...described, config: entry.config, memoryBytes, context });
    print(io.print, [...describeEntry(described), ...describeCost(described)]);
  }
};

type Lines = readonly (readonly [name: string, text: string])[];

// A path goes before a name of the catalogue.
async function findEntry(model: string): Promise<CatalogueModel | undefined> {
  if (await pathExists(model)) return undefined;
  const { findModel, modelNames } = await import("../../catalogue/index.ts");
  const entry = findModel(model);
  if (entry !== undefined || (/[/\\]|\.gguf$/i.test(model) && !model.startsWith("hub:"))) return entry;
  if (model.startsWith("hub:")) return undefined;
  const hint = suggest(model, modelNames) || '; "handheld models" lists the catalogue';
  throw new HandheldError("io", `${model} is neither a file, a folder nor a model of the catalogue${hint}`);
}

/** Where a model is: what is in the hub's cache as it is, of another model on the hub a folder with config.json alone. */
async function locate(model: string, io: CommandIo): Promise<string> {
  if (!model.startsWith("hub:")) return model;
  const { findCached, HubError, parseReference, pullModel, resolveModel } = await import("../../hub/index.ts");
  const reference = parseReference(model);
  const cached = await findCached(reference, {}).catch((error) => {
    if (error instanceof HubError && error.reason === "not-cached") return null;
    throw error;
  });
  if (cached) return resolveModel(model, { offline: true });
  if (reference.file !== null) {
    const command = `handheld pull ${model.slice(4)}`;
    throw new HandheldError(
      "io",
      `${model} is not in the cache, and its header is in the file; get it with "${command}"`,
    );
  }
  return (await pullModel({ ...reference, file: "config.json" }, { signal: io.signal })).dir;
}

function describeEntry(model: DescribedModel): Lines {
  return [
    ["model", `${model.name} (${model.organisation}, ${model.date})`],
    ["repository", model.id],
    ["family", model.family ?? "unknown"],
    ["attention", model.attention ?? "unknown"],
    ["activation", model.activation],
    ["context", `${formatTokens(model.context)} tokens`],
    ["training data", model.openData ? "open" : "closed"],
    ["source", model.source],
  ];
}

function describeFiles({ path, kind, family, attention, spec, stored }: InspectedModel): Lines {
  return [
    ["model", `${path} (${kind === "gguf" ? "GGUF file" : "directory"})`],
    ["family", family],
    ...(spec === null ? [] : describeSpec(spec, attention ?? "unknown")),
    ["stored", stored === null ? "no safetensors weights here" : describeStored(stored)],
  ];
}

function describeSpec(spec: Spec, attention: string): Lines {
  const { layers, layerRepeat, width, ffnWidth, heads, kvHeads, headSize, vocabulary } = spec;
  const blocks = layerRepeat === 1 ? `${layers} blocks` : `${layers} blocks, each run ${layerRepeat} times`;
  return [
    ["shape", `${blocks}, width ${width}, FFN ${ffnWidth}, vocabulary ${vocabulary.toLocaleString("en")}`],
    ["attention", `${attention}, ${heads} query and ${kvHeads} key/value heads of ${headSize}`],
    ["activation", spec.activation],
    ["context", `${formatTokens(spec.context)} tokens`],
  ];
}

function describeStored({ files, bytes, types }: NonNullable<InspectedModel["stored"]>): string {
  const byType = Object.entries(types)
    .sort(([, a], [, b]) => b - a)
    .map(([type, size]) => (size === bytes ? type : `${type} ${formatBytes(size)}`));
  return `${formatBytes(bytes)} as ${byType.join(", ")} in ${files} ${files === 1 ? "file" : "files"}`;
}

function describeCost({ parameters, int4Bytes, kvBytesPerToken, neededBytes, tokens, fits, reason }: ModelCost): Lines {
  const counted = parameters === null ? "unknown" : `${formatCount(parameters)} (${parameters.toLocaleString("en")})`;
  if (int4Bytes === null || kvBytesPerToken === null || neededBytes === null || tokens === null) {
    return [
      ["parameters", counted],
      ["not run", reason ?? "unknown"],
    ];
  }
  return [
    ["parameters", counted],
    ["as int4", formatBytes(int4Bytes)],
    ["KV cache", `${formatBytes(kvBytesPerToken)} a token (int8)`],
    ["needs", `${formatBytes(neededBytes)} as int4 with ${formatTokens(tokens)} tokens`],
    ["fits here", fits ? "yes" : "no"],
  ];
}

function print(write: (text: string) => void, lines: Lines): void {
  for (const [name, text] of lines) write(`  ${name.padEnd(13)}  ${text}`);
}
