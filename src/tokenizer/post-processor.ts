// Post-processors of tokenizer.json: the special tokens that are put around a text when asked for.
import { invalidFile } from "../errors.ts";
import { type ComponentJson, flatten, isTokenId, unknownStep } from "./format.ts";

/** Ids before and after a text. */
export interface Frame {
  before: readonly number[];
  after: readonly number[];
}

/**
 * What a file puts around one text.
 *
 * @throws HandheldError `invalid-file` or `unsupported`; `where` prefixes it
 */
export function createFrame(step: ComponentJson | null | undefined, where: string): Frame {
  let frame: Frame = { before: [], after: [] };
  for (const inner of flatten(step, "processors", where)) {
    const { before, after } = frameOf(inner, where);
    frame = { before: [...before, ...frame.before], after: [...frame.after, ...after] };
  }
  return frame;
}

function frameOf(step: ComponentJson, where: string): Frame {
  switch (step.type) {
    case "ByteLevel": // moves offsets only, which are not kept here
      return { before: [], after: [] };
    case "BertProcessing":
    case "RobertaProcessing":
      return { before: [pairId(step, "cls", where)], after: [pairId(step, "sep", where)] };
    case "TemplateProcessing":
      return template(step, where);
    default:
      throw unknownStep(step, "post_processor", where);
  }
}

function pairId(step: ComponentJson, key: string, where: string): number {
  const [, id] = Array.isArray(step[key]) ? (step[key] as unknown[]) : [];
  if (isTokenId(id)) return id;
  throw invalidFile(where, `${step.type}: ${key} is not a token and its id`);
}

function template(step: ComponentJson, where: string): Frame {
  const fail = (reason: string) => invalidFile(where, `TemplateProcessing: ${reason}`);
  const { single, special_tokens } = step as { single?: unknown; special_tokens?: unknown };
  if (!Array.isArray(single)) throw fail("single is not a list");
  const tokens = (special_tokens ?? {}) as Record<string, { ids?: unknown } | null>;
  const before: number[] = [];
  const after: number[] = [];
  let target = before;
  for (const item of single as ({ SpecialToken?: { id?: unknown }; Sequence?: unknown } | null)[]) {
    if (item?.Sequence !== undefined) {
      if (target === after) throw fail("single has the text twice");
      target = after;
      continue;
    }
    const name = item?.SpecialToken?.id;
    const ids = typeof name === "string" && Object.hasOwn(tokens, name) ? tokens[name]?.ids : undefined;
    if (!Array.isArray(ids) || !ids.every(isTokenId)) throw fail(`special_tokens lacks ids of ${JSON.stringify(name)}`);
    for (const id of ids) target.push(id);
  }
  if (target === before) throw fail("single lacks the text");
  return { before, after };
}
