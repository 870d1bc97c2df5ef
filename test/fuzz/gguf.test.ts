// Hostile GGUF files on disk: all the way from the header to spec, tensors and a tokenizer that splits text.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ggufSpec, ggufTensors, ggufTokenizer, openGguf } from "../../src/gguf/index.ts";
import type { Random } from "../../src/random.ts";
import { createTokenizer } from "../../src/tokenizer/index.ts";
import { attempt, type FuzzInput, fuzz, inputCount } from "./fuzz.ts";
import { arrayBytes, concat, type Draft, encodeDraft, honestDraft, stringBytes, valueType } from "./gguf-draft.ts";
import { littleEndian, mutateBytes, oddNumbers } from "./mutate-bytes.ts";

const familyFolder = new URL("../parity/fixtures/gguf/families/", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "handheld-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "model.gguf");

/** Reads everything in a file. */
async function readAll(): Promise<void> {
  const file = await openGguf(path);
  try {
    if (file.metadata.has("tokenizer.ggml.model")) {
      const { json, config } = ggufTokenizer(file, path);
      const tokenizer = createTokenizer(json, config, path);
      tokenizer.encode("the café's 12", { specialTokens: true });
    }
    for (const { read, shape } of ggufTensors(file, ggufSpec(file, path))) {
      expect(await read()).toHaveLength(shape.reduce((product, size) => product * size, 1));
    }
  } finally {
    await file.close();
  }
}

function inputOf(bytes: Uint8Array): FuzzInput {
  return {
    sizeBytes: bytes.length,
    read: () => {
      writeFileSync(path, bytes);
      return readAll();
    },
  };
}

const honest = { gpt2: encodeDraft(honestDraft("gpt2")), llama: encodeDraft(honestDraft("llama")) };

function make(random: Random): FuzzInput {
  const kind = random.pick(["gpt2", "llama"] as const);
  if (random.below(4) === 0) return inputOf(mutateHeader(random.pick(families), random));
  if (random.below(3) === 0) return inputOf(mutateBytes(honest[kind], random));
  const draft = honestDraft(kind);
  for (let left = 1 + random.below(3); left > 0; left--) random.pick(changes)(draft, random);
  const bytes = encodeDraft(draft);
  return inputOf(random.below(8) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes);
}

/** Files of other architectures, without tokenizers. */
const families = readdirSync(familyFolder)
  .filter((name) => name.endsWith(".gguf"))
  .map((name) => new Uint8Array(readFileSync(new URL(name, familyFolder))));

/** Damages the first few thousand bytes, where the header is. */
function mutateHeader(file: Uint8Array, random: Random): Uint8Array {
  const [head, rest] = [file.subarray(0, 4096), file.subarray(4096)];
  return concat(mutateBytes(head, random), rest);
}

type Change = (draft: Draft, random: Random) => void;

const odd = (random: Random) => random.pick([...oddNumbers, BigInt(random.below(400))]);
const oddKeys = [
  "__proto__",
  "constructor",
  "general.alignment",
  "llama.expert_count",
  "llama.rope.scaling.type",
  "",
  "x\n",
];

/** Lies about single things. */
const changes: readonly Change[] = [
  (draft, random) => void (draft.version = random.pick([0, 1, 2, 3, 4, 0x03000000, 2 ** 32 - 1])),
  (draft, random) => void (draft.tensorCount = random.pick([odd(random), draft.tensorCount + 1n])),
  (draft, random) => void (draft.entryCount = random.pick([odd(random), draft.entryCount - 1n])),
  (draft, random) => void draft.entries.splice(random.below(draft.entries.length), 1),
  (draft, random) =>
    void draft.entries.push(random.pick(draft.entries), { ...random.pick(draft.entries), key: random.pick(oddKeys) }),
  (draft, random) => void (random.pick(draft.entries).type = random.below(15)),
  ...Array.from({ length: 6 }, (): Change => changeEntry),
  ...Array.from({ length: 4 }, (): Change => changeTensor),
  (draft, random) => void draft.tensors.splice(random.below(draft.tensors.length), 1),
  (draft, random) => void draft.tensors.push(structuredClone(random.pick(draft.tensors))),
  (draft, random) => void draft.tensors.reverse().splice(random.below(draft.tensors.length), 0),
  (draft, random) => void (draft.data = new Uint8Array(random.below(2 * draft.data.length)).fill(random.below(256))),
];

function changeEntry(draft: Draft, random: Random): void {
  const entry = random.pick(draft.entries);
  if (entry.type === valueType.array) Object.assign(entry, { value: changedArray(entry.value, random) });
  else if (random.below(3) === 0) Object.assign(entry, oddScalar(random));
  else if (entry.type === valueType.string) entry.value = oddString(random);
  else entry.value = concat(littleEndian(odd(random), entry.value.length));
}

function oddScalar(random: Random) {
  const value = new Uint8Array(
    Float64Array.of(random.pick([0, -1, 0.5, 1e300, Number.NaN, Number.POSITIVE_INFINITY])).buffer,
  );
  return random.pick([
    { type: valueType.f64, value },
    { type: valueType.u64, value: concat(littleEndian(odd(random), 8)) },
    { type: valueType.string, value: oddString(random) },
    { type: valueType.bool, value: Uint8Array.of(random.below(3)) },
    { type: valueType.array, value: nestedArrays(random.pick([1, 100, 10_000])) },
    { type: valueType.array, value: arrayBytes(valueType.u32, []) },
    {
      type: valueType.array,
      value: arrayBytes(valueType.u32, [
        [1, 0, 0, 0],
        [random.below(3), 0, 0, 0],
      ]),
    },
  ]);
}

function nestedArrays(depth: number): Uint8Array {
  const one = arrayBytes(valueType.array, [], 1n);
  return concat(...Array.from({ length: depth }, () => one), arrayBytes(valueType.u32, []));
}

function oddString(random: Random): Uint8Array {
  if (random.below(20) === 0) return stringBytes("ab".repeat(random.pick([1000, 50_000])));
  return random.pick([
    stringBytes(
      random.pick([
        "",
        "llama",
        "qwen2",
        "gemma2",
        "phi3",
        "bloom",
        "gpt2",
        "default",
        "yarn",
        "\u0000",
        "a\nb",
        "toString",
        "__proto__",
      ]),
    ),
    stringBytes(Uint8Array.of(0xff, 0xfe, 0xc0, 0x80)),
    stringBytes(Uint8Array.of(0xed, 0xa0, 0x80)),
    stringBytes("x", odd(random)),
  ]);
}

/** Another type, another length, or items that are not what they were. */
function changedArray(value: Uint8Array, random: Random): Uint8Array {
  if (value.length < 12) return value; // no longer an array's, after another change
  const copy = value.slice();
  const kind = random.below(5);
  if (kind === 0) copy.set(littleEndian(BigInt(random.below(15)), 4));
  else if (kind === 1) copy.set(littleEndian(odd(random), 8), 4);
  else if (kind === 2) return concat(copy.subarray(0, 12), mutateBytes(copy.subarray(12), random));
  else if (kind === 3)
    return arrayBytes(
      valueType.string,
      Array.from({ length: 264 }, () => oddString(random)),
    );
  else if (copy.length > 300) copy.set(copy.slice(12 + random.below(40)).subarray(0, 200), 12 + random.below(64));
  return copy;
}

function changeTensor({ tensors, data }: Draft, random: Random): void {
  const tensor = random.pick(tensors);
  const kind = random.below(6);
  if (kind === 0) tensor.dimensions[random.below(tensor.dimensions.length)] = odd(random);
  else if (kind === 1) tensor.dimensionCount = random.pick([0, 1, 2, 3, 4, 5, 2 ** 32 - 1]);
  else if (kind === 2)
    tensor.type = random.pick([0, 1, 2, 3, 6, 7, 8, 10, 11, 12, 14, 16, 20, 23, 30, 39, 2 ** 32 - 1]);
  else if (kind === 3)
    tensor.offset = random.pick([odd(random), BigInt(random.below(data.length)), tensor.offset + 32n]);
  else if (kind === 4)
    tensor.name = random.pick([random.pick(tensors).name, "", "rope_freqs.weight", "blk.0.attn_q.bias", "a\nb"]);
  else tensor.dimensions = [...tensor.dimensions, random.pick([1n, 0n, 2n ** 32n, 2n ** 63n])].slice(-random.below(5));
}

describe("hostile GGUF files", () => {
  it("honest files are read", async () => {
    for (const bytes of Object.values(honest)) expect((await attempt(inputOf(bytes))).error).toBeNull();
  });

  it("mutated files give models or typed errors, and reserve no memory on their word", async () => {
    const outcome = await fuzz({ name: "gguf", make }, inputCount(1500));
    expect(outcome.findings).toEqual([]);
    expect(outcome.read).toBeGreaterThan(outcome.inputs / 50);
    expect(outcome.refused["invalid-file"]).toBeGreaterThan(outcome.inputs / 4);
  }, 3_600_000);

  const draft = (kind: "gpt2" | "llama", change: (draft: Draft) => void) => {
    const changed = honestDraft(kind);
    change(changed);
    return encodeDraft(changed);
  };
  const entry = (draft: Draft, key: string) => draft.entries.find((each) => each.key === key)!;
  it.each<[string, Uint8Array]>([
    ["16 million blocks", draft("gpt2", (d) => void (entry(d, "llama.block_count").value = Uint8Array.of(0, 0, 0, 1)))],
    [
      "two hundred pieces of 16,000 letters",
      draft("llama", (d) => {
        const long = Array.from({ length: 267 }, (_, i) => stringBytes(i < 200 ? `${i}${"ab".repeat(8000)}` : `t${i}`));
        entry(d, "tokenizer.ggml.tokens").value = arrayBytes(valueType.string, long);
        // All of them are normal pieces then.
        d.entries.splice(d.entries.indexOf(entry(d, "tokenizer.ggml.token_type")), 1);
      }),
    ],
    [
      "arrays in arrays, 100,000 deep",
      draft("gpt2", (d) => {
        Object.assign(entry(d, "llama.block_count"), { type: valueType.array, value: nestedArrays(100_000) });
      }),
    ],
    [
      "rows of 32 in Q4_K, whose blocks have 256 (an eighth of their bytes is a whole number)",
      draft("gpt2", (d) => void Object.assign(d.tensors[2]!, { type: 12 })),
    ],
    [
      "an array of 2^24 strings in a small file",
      draft("gpt2", (d) => {
        entry(d, "tokenizer.ggml.tokens").value = arrayBytes(valueType.string, [], 2n ** 24n);
      }),
    ],
    ["a million tensors in a small file", draft("gpt2", (d) => void (d.tensorCount = 2n ** 20n))],
  ])("%s", async (_, bytes) => {
    const { finding, code } = await attempt(inputOf(bytes));
    expect([finding, code]).toEqual([null, expect.stringMatching(/^(invalid|unsupported)/)]);
  });
});
