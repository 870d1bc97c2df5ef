// A tokenizer as GGUF metadata: byte-level BPE ("gpt2") by its merges, SentencePiece's BPE ("llama") by scores.
// What llama.cpp would split otherwise is refused; tokenizer.ts reads the metadata back.
import { HandheldError } from "../errors.ts";
import { mergesByScore, pieceKinds } from "../tokenizer/assemble.ts";
import type { AddedTokenJson, ComponentJson, TokenizerJson } from "../tokenizer/format.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { preTokenizerName } from "./pre-tokenizers.ts";
import { entry, type GgufEntry } from "./write.ts";

type Bpe = Extract<TokenizerJson["model"], { type: "BPE" }>;
type Entries = [key: string, value: GgufEntry][];

/**
 * The metadata of a tokenizer for a model of `vocabulary` tokens; ids without a token get a name that no text has.
 * @throws HandheldError `unsupported` for tokenizers that llama.cpp does not have; `where` prefixes it
 */
export function tokenizerMetadata(tokenizer: Tokenizer, vocabulary: number, where: string): Map<string, GgufEntry> {
  const { json, config } = tokenizer;
  if (json.model.type !== "BPE") throw refuse(where, `${json.model.type} models are not written, only BPE`);
  const tokens = Array.from({ length: vocabulary }, (_, id) => tokenizer.idToToken(id) ?? `[PAD${id}]`);
  const bytePieces = json.model.byte_fallback === true;
  const kinds = kindsOf(tokenizer, vocabulary, bytePieces);
  // Symbols of the user are looked for in the text as it comes.
  const spelled = (token: string, id: number) =>
    bytePieces && kinds[id] === pieceKinds.userDefined ? token.replaceAll("▁", " ") : token;
  const { u32, i32, string } = entry;
  const entries: Entries = bytePieces
    ? sentencePiece(json, json.model, tokens, kinds, where)
    : byteLevel(json, json.model, where);
  entries.push(
    ["tokenizer.ggml.tokens", string(tokens.map(spelled))],
    ["tokenizer.ggml.token_type", i32(kinds)],
    ...rolesOf(tokenizer),
    ...endsOf(tokenizer),
  );
  if (json.model.unk_token != null) {
    const id = tokenizer.tokenToId(String(json.model.unk_token));
    if (id !== undefined) entries.push(["tokenizer.ggml.unknown_token_id", u32(id)]);
  }
  const template = chatTemplate(config.chat_template);
  if (template !== null) entries.push(["tokenizer.chat_template", string(template)]);
  return new Map(entries);
}

function byteLevel(json: TokenizerJson, { merges }: Bpe, where: string): Entries {
  const pre = preTokenizerName(json.pre_tokenizer);
  if (pre === null) throw refuse(where, "its way to cut text into words has no name in GGUF");
  // llama.cpp composes no characters: text that is not composed (NFC) before it comes gets other tokens there.
  if (json.normalizer && json.normalizer.type !== "NFC") throw refuse(where, `normalizer "${json.normalizer.type}"`);
  return [
    ["tokenizer.ggml.model", entry.string("gpt2")],
    ["tokenizer.ggml.pre", entry.string(pre)],
    [
      "tokenizer.ggml.merges",
      entry.string(merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" ")))),
    ],
  ];
}

function sentencePiece(
  json: TokenizerJson,
  model: Bpe,
  tokens: readonly string[],
  kinds: readonly number[],
  where: string,
): Entries {
  const scores = scoresOf(model, tokens);
  // llama.cpp joins two pieces wherever the result is a piece: the merges must say the same, but for those of added
  // tokens, which are cut out of the text before.
  const pieces = tokens.map((piece, id) => ({ piece, score: scores[id]!, kind: kinds[id]! }));
  const normal = new Set(pieces.filter(({ kind }) => kind === pieceKinds.normal).map(({ piece }) => piece));
  const merges = model.merges
    .map((merge) => (typeof merge === "string" ? merge.split(" ") : merge) as [string, string])
    .filter(([left, right]) => normal.has(left) && normal.has(right) && normal.has(left + right))
    .map((merge) => merge.join(" "));
  const implied = mergesByScore({ pieces }, where).map((merge) => merge.join(" "));
  if (implied.length !== merges.length || new Set([...implied, ...merges]).size !== merges.length) {
    throw refuse(where, "its merges are not those that follow from its pieces, as SentencePiece's do");
  }
  return [
    ["tokenizer.ggml.model", entry.string("llama")],
    ["tokenizer.ggml.pre", entry.string("default")],
    ["tokenizer.ggml.scores", entry.f32(scores)],
    ["tokenizer.ggml.add_space_prefix", entry.bool(spacePrefix(json, where))],
  ];
}

/** Minus the place of the first merge that makes a piece; pieces that no merge makes come last, where scores are not asked. */
function scoresOf({ merges }: Bpe, tokens: readonly string[]): number[] {
  const first = new Map<string, number>();
  merges.forEach((merge, i) => {
    const piece = (typeof merge === "string" ? merge.split(" ") : merge).join("");
    if (!first.has(piece)) first.set(piece, i);
  });
  return tokens.map((token) => -(first.get(token) ?? merges.length));
}

/** Whether a space goes before the text, from a normalizer or a pre-tokenizer. */
function spacePrefix({ normalizer, pre_tokenizer }: TokenizerJson, where: string): boolean {
  const steps = [...parts(normalizer, "normalizers"), ...parts(pre_tokenizer, "pretokenizers")];
  const replaces = steps.filter(
    ({ type, pattern, content }) =>
      type === "Replace" && (pattern as { String?: string } | undefined)?.String === " " && content === "▁",
  );
  const prepends = steps.filter(({ type, prepend }) => type === "Prepend" && prepend === "▁");
  const metaspaces = steps.filter(({ type, replacement }) => type === "Metaspace" && (replacement ?? "▁") === "▁");
  const known = replaces.length + prepends.length + metaspaces.length;
  if (known !== steps.length || replaces.length + metaspaces.length !== 1) {
    const types = steps.map(({ type }) => type).join(", ");
    throw refuse(where, `normalizer and pre-tokenizer (${types}) do more than to mark spaces as SentencePiece does`);
  }
  const [metaspace] = metaspaces;
  return prepends.length > 0 || (metaspace !== undefined && metaspace.prepend_scheme !== "never");
}

function parts(step: ComponentJson | null | undefined, list: string): ComponentJson[] {
  if (!step) return [];
  return step.type === "Sequence" && Array.isArray(step[list]) ? (step[list] as ComponentJson[]) : [step];
}

function kindsOf(tokenizer: Tokenizer, vocabulary: number, bytePieces: boolean): number[] {
  const { model, added_tokens } = tokenizer.json;
  const added = new Map<number, AddedTokenJson>(added_tokens.map((token) => [token.id, token]));
  const unknown = model.type === "BPE" && model.unk_token != null ? tokenizer.tokenToId(String(model.unk_token)) : null;
  return Array.from({ length: vocabulary }, (_, id) => {
    const token = tokenizer.idToToken(id);
    if (token === undefined) return pieceKinds.unused;
    if (id === unknown) return pieceKinds.unknown;
    const special = added.get(id)?.special;
    if (added.has(id)) return special ? pieceKinds.control : pieceKinds.userDefined;
    return bytePieces && /^<0x[0-9A-F]{2}>$/.test(token) ? pieceKinds.byte : pieceKinds.normal;
  });
}

function rolesOf({ bosId, eosId, padId }: Tokenizer): Entries {
  const roles = { bos: bosId, eos: eosId, padding: padId };
  return Object.entries(roles).flatMap(([role, id]): Entries => {
    return id === null ? [] : [[`tokenizer.ggml.${role}_token_id`, entry.u32(id)]];
  });
}

/** Whether texts begin and end with a token of their own: seen, since tokenizer.json has several ways to say it. */
function endsOf(tokenizer: Tokenizer): Entries {
  const { bosId, eosId } = tokenizer;
  const ids = tokenizer.encode("a", { specialTokens: true });
  return [
    ["tokenizer.ggml.add_bos_token", entry.bool(bosId !== null && ids[0] === bosId)],
    ["tokenizer.ggml.add_eos_token", entry.bool(eosId !== null && ids.length > 1 && ids.at(-1) === eosId)],
  ];
}

/** The template, or of several the one named "default". */
function chatTemplate(value: unknown): string | null {
  if (typeof value === "string") return value;
  const named = Array.isArray(value) ? value.find((each) => each?.name === "default") : undefined;
  return typeof named?.template === "string" ? named.template : null;
}

function refuse(where: string, reason: string): HandheldError {
  return new HandheldError("unsupported", `${where}: the tokenizer cannot go into a GGUF file: ${reason}`);
}
