// Model directories for tests of whole programs: models that were never trained, so their answers mean nothing.
import { ANDROID_CATALOGUE } from "../../src/functions/catalogue/index.ts";
import { codecTokens } from "../../src/functions/codec.ts";
import { getCallFormat } from "../../src/functions/formats/registry.ts";
import { saveCallFiles } from "../../src/generate/call-model.ts";
import { tinyTokenizer } from "../../src/generate/tiny-model.case.ts";
import { saveModel } from "../../src/model/save.ts";
import { randomTensors, tinySpec } from "../../src/model/tiny.case.ts";
import type { SpecInput } from "../../src/spec/spec.ts";

/** A float call model for the Android catalogue; `changes` replace fields of its tiny spec. */
export async function saveRandomCallModel(dir: string, changes: Partial<SpecInput> = {}): Promise<void> {
  const settings = { format: "code_short", queryRepeats: 1 as const };
  const { special, literal } = codecTokens(getCallFormat(settings.format), ANDROID_CATALOGUE);
  const tokenizer = tinyTokenizer({ specialTokens: special, literalTokens: literal, roles: { eos: special[2]! } });
  const spec = tinySpec({ context: 2048, ...changes, vocabulary: tokenizer.size });
  await saveModel(dir, { spec, tensors: randomTensors(spec), tokenizer });
  await saveCallFiles(dir, ANDROID_CATALOGUE, settings);
}
