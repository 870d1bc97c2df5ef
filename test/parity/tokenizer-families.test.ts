// Tokenizers with the pipelines of published families, against what Python made of the same strings
// (tokenizer_families.py): ids and decoded texts, of tokenizer.json by `tokenizers`, of tokenizer.model by `sentencepiece`.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { createTokenizer, loadTokenizer, saveTokenizer, type Tokenizer } from "../../src/tokenizer/index.ts";

const folder = fileURLToPath(new URL("./fixtures/tokenizers/", import.meta.url));
const unzip = (name: string) => gunzipSync(readFileSync(join(folder, name)));
const json = (name: string) => JSON.parse(unzip(name).toString("utf8"));
const strings = json("strings.json.gz") as string[];
const names = readdirSync(folder);
const families = names.filter((name) => name.endsWith(".ids.gz")).map((name) => name.slice(0, -".ids.gz".length));
const out = mkdtempSync(join(tmpdir(), "handheld-families-"));
afterAll(() => rmSync(out, { recursive: true }));
const phonelm = fileURLToPath(new URL("../../../shared/data/tokenizers/phonelm/", import.meta.url));

/** Ids of each string; null where Python's are not comparable. */
function readIds(name: string): (number[] | null)[] {
  const bytes = unzip(`${name}.ids.gz`);
  const words = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  let at = 0;
  return strings.map(() => {
    const count = words[at++]!;
    if (count === 65_535) return null;
    at += count;
    return [...words.subarray(at - count, at)];
  });
}

async function open(name: string): Promise<Tokenizer> {
  if (name === "phonelm") return loadTokenizer(phonelm);
  if (names.includes(`${name}.json.gz`)) return createTokenizer(json(`${name}.json.gz`), {}, name);
  const dir = join(out, name);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "tokenizer.model"), unzip(`${name}.model.gz`));
  return loadTokenizer(dir);
}

it("has the families", () => {
  expect(strings.length).toBeGreaterThan(2000);
  expect(families).toHaveLength(24);
});

describe.each(families)("%s", (name) => {
  const absent = name === "phonelm" && !existsSync(phonelm);
  const title = absent ? " (needs ../shared/data/tokenizers/phonelm)" : "";
  const expected = readIds(name);
  const comparable = expected.filter((ids) => ids !== null).length;

  it.skipIf(absent)(`has Python's ids of ${comparable} strings${title}`, async () => {
    const tokenizer = await open(name);
    const wrong: unknown[] = [];
    expected.forEach((ids, i) => {
      if (ids === null) return;
      const got = tokenizer.encode(strings[i]!, { specialTokens: true });
      if (got.join() !== ids.join()) wrong.push({ text: strings[i], ids, got });
    });
    expect(wrong).toEqual([]);
    expect(comparable).toBeGreaterThan(2000);
  });

  it.skipIf(absent)(`decodes them to Python's texts${title}`, async () => {
    const tokenizer = await open(name);
    const decoded = json(`${name}.decoded.json.gz`) as Record<string, string>;
    const wrong: unknown[] = [];
    expected.forEach((ids, i) => {
      if (ids === null) return;
      const [text, got] = [decoded[i] ?? strings[i]!, tokenizer.decode(ids)];
      if (got !== text) wrong.push({ ids, text, got });
    });
    expect(wrong).toEqual([]);
  });

  it.skipIf(absent)(`reads half a surrogate pair as U+FFFD, as Python reads nothing else${title}`, async () => {
    const tokenizer = await open(name);
    expect(tokenizer.encode("a\ud800b \udfff")).toEqual(tokenizer.encode("a\ufffdb \ufffd"));
  });
});

it.each(["llama2-pieces", "unigram-pieces", "bpe-symbols"])("%s is the same once it is saved", async (name) => {
  const tokenizer = await open(name);
  const dir = join(out, `${name}-saved`);
  await saveTokenizer(tokenizer, dir);
  const again = await loadTokenizer(dir);
  for (const text of strings) expect(again.encode(text)).toEqual(tokenizer.encode(text));
});
