// A call model on disk: a model directory with functions.json (the schemas) and handheld.json (how it reads and writes).
import * as z from "zod";
import { HandheldError, suggest } from "../errors.ts";
import { type CallSettings, createCallCodec } from "../functions/codec.ts";
import { callFormats } from "../functions/formats/registry.ts";
import { parseFunctions } from "../functions/schema.ts";
import type { FunctionSchema } from "../functions/types.ts";
import { writeFileAtomic } from "../io.ts";
import type { Backend } from "../kernels/backend.ts";
import { type LoadedModel, type LoadOptions, loadModel } from "../model/load.ts";
import { type FileSource, readJson, readOptionalJson, sourceOf } from "../source.ts";
import { type Caller, createCaller } from "./calls.ts";

const functionsName = "functions.json";
const settingsName = "handheld.json";

const settingsFile = z.strictObject({
  version: z.literal(1),
  task: z.literal("call"),
  format: z.string(),
  queryRepeats: z.union([z.literal(1), z.literal(2)]),
});

/** A loaded call model. */
export interface CallModel {
  model: LoadedModel;
  caller: Caller;
  functions: readonly FunctionSchema[];
  settings: CallSettings;
  close(): void;
}

/** Writes the two files that make a model directory a call model. @throws HandheldError `io` */
export async function saveCallFiles(
  dir: string,
  functions: readonly FunctionSchema[],
  settings: CallSettings,
): Promise<void> {
  await writeFileAtomic(`${dir}/${functionsName}`, `${JSON.stringify(functions, null, 2)}\n`);
  const file = { version: 1, task: "call", ...settings };
  await writeFileAtomic(`${dir}/${settingsName}`, `${JSON.stringify(file, null, 2)}\n`);
}

/** Whether a model directory holds a call model. */
export async function isCallModel(dir: string | FileSource): Promise<boolean> {
  return (await readOptionalJson(sourceOf(dir), settingsName)) !== undefined;
}

/**
 * Loads a call model.
 * @throws HandheldError `io` or `invalid-file` naming the file; `invalid-file` also when it is another kind of model.
 */
export async function loadCallModel(
  backend: Backend,
  dir: string | FileSource,
  options: LoadOptions = {},
): Promise<CallModel> {
  const source = sourceOf(dir);
  const { functions, settings } = await readCallFiles(source);
  const model = await loadModel(backend, source, options);
  try {
    const codec = createCallCodec(model.tokenizer, functions, settings, `${source.name}/tokenizer.json`);
    const caller = createCaller(model.decoder, model.tokenizer, codec);
    const close = () => {
      caller.close();
      model.close();
    };
    return { model, caller, functions, settings, close };
  } catch (error) {
    model.close();
    throw error;
  }
}

/** The schemas and settings of a call model, without its weights. */
export async function readCallFiles(
  dir: string | FileSource,
): Promise<{ functions: FunctionSchema[]; settings: CallSettings }> {
  const source = sourceOf(dir);
  const path = `${source.name}/${settingsName}`;
  const parsed = settingsFile.safeParse(await readJson(source, settingsName));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new HandheldError("invalid-file", `${path}: ${issue.path.join(".") || "the whole"}: ${issue.message}`);
  }
  const { format, queryRepeats } = parsed.data;
  if (!Object.hasOwn(callFormats, format)) {
    const hint = suggest(format, Object.keys(callFormats));
    throw new HandheldError("invalid-file", `${path}: unknown call format "${format}"${hint}`);
  }
  const functions = parseFunctions(await readJson(source, functionsName), `${source.name}/${functionsName}`);
  return { functions, settings: { format, queryRepeats } };
}
