// handheld pull: a model from the Hugging Face hub into its cache.
import { formatBytes } from "../../format.ts";
import type { HubReference, PulledModel } from "../../hub/index.ts";
import { type Action, defineFrame } from "../command.ts";
import { showPull } from "../model-source.ts";
import { flag, optional, required, text, UsageError } from "../options.ts";

export const pullFrame = defineFrame({
  name: "pull",
  summary: "Fetch a model from the Hugging Face hub",
  details:
    "Brings configuration, tokenizer and safetensors weights into the cache that Python's tools use too (HF_HUB_CACHE, else\n" +
    "HF_HOME/hub, else ~/.cache/huggingface/hub), checked against the hub's hashes. Interrupted, the next pull goes on. Private\n" +
    "and gated models need HF_TOKEN. Wherever a command takes a model, hub:org/name pulls it when it is not there.",
  arguments: {
    model: required("<model>", "org/name, or org/name@revision"),
    only: optional("[file]", "fetch this file of it alone, a GGUF file say; same as --file"),
  },
  options: {
    file: text("--file <glob>", "fetch only the files that this names; * and ? stand for any characters"),
    revision: text("--revision <name>", "branch, tag or commit (default: main)"),
    offline: flag("--offline", "look in the cache alone"),
  },
  examples: [
    ["pull HuggingFaceTB/SmolLM2-135M-Instruct", "the model's files; prints where they are"],
    ["pull bartowski/SmolLM2-135M-Instruct-GGUF --file *Q4_0.gguf", "one GGUF file"],
    ["pull org/name@v1.0 --offline --json", "the path of a model pulled before; JSON for scripts"],
  ],
});

export const runPull: Action<typeof pullFrame> = async (line, io) => {
  const { findCached, pullModel } = await import("../../hub/index.ts");
  const reference = await referenceOf(line);
  const show = showPull(`Pulling ${reference.repo}`, io);
  const model = line.offline
    ? await findCached(reference)
    : await pullModel(reference, { signal: io.signal, onEvent: show.event });
  show.finish();
  const sizeBytes = model.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const count = `${model.files.length} file${model.files.length === 1 ? "" : "s"}`;
  io.print(`  ${count}, ${formatBytes(sizeBytes)} (${formatBytes(model.receivedBytes)} received)`);
  io.print(`  ${reference.file !== null && model.files.length === 1 ? model.files[0]!.path : model.dir}`);
  const next = await nextStep(reference, model);
  if (next !== null) io.print(`\n  next: ${next}`);
  io.result({ ...model, next });
};

type Line = Parameters<typeof runPull>[0];

async function referenceOf({ model, only, file, revision }: Line): Promise<HubReference> {
  const { checkReference, parseReference } = await import("../../hub/index.ts");
  const reference = parseReference(model);
  const files = [reference.file, only, file].filter((name) => name !== undefined && name !== null);
  if (files.length > 1) throw new UsageError(`the file is given ${files.length} times; once is enough`);
  if (revision !== undefined && reference.revision !== "main" && revision !== reference.revision) {
    throw new UsageError(`@${reference.revision} and --revision ${revision} contradict each other; give one`);
  }
  return checkReference({ ...reference, file: files[0] ?? null, revision: revision ?? reference.revision });
}

/** The command that is likely to follow; null when there is none. */
async function nextStep(reference: HubReference, { files }: PulledModel): Promise<string | null> {
  const { formatReference } = await import("../../hub/index.ts");
  if (reference.file === null) return `handheld run ${formatReference(reference)}`;
  const [file, ...others] = files;
  if (others.length > 0 || !file!.name.endsWith(".gguf")) return null;
  const folder = `models/${reference.repo.split("/").at(-1)!.toLowerCase()}`;
  return `handheld convert ${formatReference({ ...reference, file: file!.name })} ${folder}`;
}
