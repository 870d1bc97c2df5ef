// Rows out of files of every kind, the files of a split however they lie, and a data set on a hub.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { repo, startHub } from "../../hub/hub-server.case.ts";
import { dataFilesOf, splitFiles } from "./folder.ts";
import { hubFiles } from "./hub.ts";
import { readRows } from "./rows.ts";
import { loadSplit } from "./source.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-data-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

// Written by pyarrow with zstd: columns id int64, text string, choices list<string>, meta struct{a: int32}.
const parquet = readFileSync(
  fileURLToPath(new URL("../../../test/parity/fixtures/lm-eval/rows.parquet", import.meta.url)),
);

describe("rows of", () => {
  it("JSON Lines, JSON, CSV, TSV and text", async () => {
    expect(await readRows(write("a.jsonl", '{"a":1}\n\n{"a":"é"}'))).toEqual([{ a: 1 }, { a: "é" }]);
    expect(await readRows(write("a.json", '[{"a":1}]'))).toEqual([{ a: 1 }]);
    expect(await readRows(write("b.json", '{"version":1,"data":[{"a":1}]}'))).toEqual([{ a: 1 }]);
    const csv = '\ufeffa,b\r\n1,"x, ""y""\nz"\r\n,\r\n"",2';
    expect(await readRows(write("a.csv", csv))).toEqual([
      { a: "1", b: 'x, "y"\nz' },
      { a: "", b: "" },
      { a: "", b: "2" },
    ]);
    expect(await readRows(write("a.tsv", "a\tb\n1\t2,3\n"))).toEqual([{ a: "1", b: "2,3" }]);
    expect(await readRows(write("a.txt", "one\n\ntwo\n"))).toEqual([{ text: "one" }, { text: "" }, { text: "two" }]);
  });

  it("Parquet, with lists, structures and 64-bit numbers", async () => {
    expect(await readRows(write("a.parquet", parquet))).toEqual([
      { id: 1, text: "one é", choices: ["a", "b"], meta: { a: 5 } },
      { id: 2, text: "two", choices: [], meta: { a: 6 } },
    ]);
  });

  it.each([
    ["bad.jsonl", '{"a":1}\n{"a":', /bad\.jsonl:2: no row/],
    ["list.jsonl", "[1]\n", /list\.jsonl:1: no row: a row is an object/],
    ["bad.json", "{", /bad\.json: not valid JSON/],
    ["two.json", '{"a":[],"b":[]}', /two\.json: is neither a list of rows/],
    ["bad.csv", "a,b\n1\n", /bad\.csv: record 1 has 1 cells, the first line names 2/],
    ["open.csv", 'a,b\n1,"x\n', /open\.csv:2: a quoted cell does not end/],
    ["bad.parquet", "PAR1 not", /bad\.parquet: no Parquet file that can be read/],
    ["bad.xls", "x", /bad\.xls: no data file that can be read; known are \.parquet/],
  ])("a bad file: %s", async (name, content, message) => {
    await expect(readRows(write(name, content))).rejects.toThrow(message);
  });

  it("a file that is not there", async () => {
    await expect(readRows(join(folder, "none.parquet"))).rejects.toThrow(/cannot read .*none\.parquet: no such file/);
  });
});

describe("the files of a split", () => {
  const find = (files: string[], split: string, names: string[], configuration: string | null = null) =>
    splitFiles(dataFilesOf(files), split, { names, configuration });
  it.each([
    [["test.jsonl", "train.jsonl"], "test", [], ["test.jsonl"]],
    [["valid.jsonl", "README.md"], "validation", [], ["valid.jsonl"]],
    [["dev.csv", "validation.csv"], "validation", [], ["validation.csv"]],
    [
      ["data/test-00000-of-00002.parquet", "data/test-00001-of-00002.parquet"],
      "test",
      [],
      ["data/test-00000-of-00002.parquet", "data/test-00001-of-00002.parquet"],
    ],
    [
      ["main/test/0000.parquet", "main/test/0001.parquet", "other/test/0000.parquet"],
      "test",
      ["main"],
      ["main/test/0000.parquet", "main/test/0001.parquet"],
    ],
    [["piqa/test.jsonl", "arc/test.jsonl"], "test", ["arc_easy", "allenai/arc"], ["arc/test.jsonl"]],
    [["a/test.json", "a/test.parquet"], "test", ["a"], ["a/test.parquet"]],
    [["arc/test.jsonl", "boolq/test.jsonl"], "test", ["piqa", "baber/piqa"], []],
    [["train.jsonl"], "test", [], []],
  ])("%j: %s of %j", (names, split, of, wanted) => {
    expect(find(names as string[], split as string, of as string[])).toEqual(wanted);
  });

  it.each([
    [
      "its own folder",
      ["ai2_arc/ARC-Easy/test.jsonl", "ai2_arc/ARC-Challenge/test.jsonl"],
      "ai2_arc/ARC-Easy/test.jsonl",
    ],
    ["the folder itself", ["test.jsonl"], "test.jsonl"],
    ["the data set's", ["ai2_arc/test.jsonl"], "ai2_arc/test.jsonl"],
    ["the task's", ["mine/arc_easy/test.jsonl", "mine/test.jsonl"], "mine/arc_easy/test.jsonl"],
    ["never another configuration's", ["ai2_arc/ARC-Challenge/test.jsonl"], undefined],
    ["never another data set's", ["sciq/test.jsonl"], undefined],
  ])("of a configuration are in %s", (_, files, wanted) => {
    expect(find(files, "test", ["arc_easy", "allenai/ai2_arc"], "ARC-Easy")[0]).toBe(wanted);
  });

  it("that are not there are an error that says where they were looked for", async () => {
    write("lone/sciq/test.jsonl", '{"q":1}\n');
    const data = { task: "arc_easy", dataset_path: "allenai/ai2_arc", dataset_name: "ARC-Easy" };
    await expect(loadSplit(data, "test", "t.yaml", { folder: join(folder, "lone") })).rejects.toThrow(
      /no split "test" of allenai\/ai2_arc \(ARC-Easy\); its files are looked for in the folder itself and below arc_easy, /,
    );
  });

  it("may have its labels beside it", async () => {
    write("labels/valid.jsonl", '{"q":1}\n{"q":2}\n');
    write("labels/valid-labels.lst", "1\n0\n");
    const data = { task: "t", dataset_path: "x/labels" };
    expect(await loadSplit(data, "validation", "t.yaml", { folder: join(folder, "labels") })).toEqual([
      { q: 1, label: 1 },
      { q: 2, label: 0 },
    ]);
    write("labels/valid-labels.lst", "1\n");
    await expect(loadSplit(data, "validation", "t.yaml", { folder: join(folder, "labels") })).rejects.toThrow(
      /2 rows and a file of 1 labels/,
    );
    await expect(loadSplit(data, "test", "t.yaml", { folder: join(folder, "labels") })).rejects.toThrow(
      /no split "test" of x\/labels; there are valid/,
    );
  });

  it("may be named by the task itself", async () => {
    const file = write("own/x.jsonl", '{"q":1}\n');
    const data = { task: "t", dataset_path: "json", dataset_kwargs: { data_files: { test: "x.jsonl" } } };
    expect(await loadSplit(data, "test", join(dirname(file), "t.yaml"), {})).toEqual([{ q: 1 }]);
    await expect(loadSplit(data, "train", join(dirname(file), "t.yaml"), {})).rejects.toThrow(
      /dataset_kwargs\.data_files: no split "train"; there are test/,
    );
  });
});

describe("a data set on the hub", () => {
  const files = {
    "README.md": Buffer.from("x"),
    "default/test/0000.parquet": parquet,
    "high/test/0000.parquet": parquet,
    "high/test/0001.parquet": Buffer.concat([parquet]),
    "high/train/0000.parquet": Buffer.from("not asked for"),
  };

  it("is pulled by split and configuration, once, into the hub's cache", async () => {
    const hub = await startHub(files);
    const paths = await hubFiles(repo, "high", "test", hub.options);
    expect(paths.map((path) => path.split("/").slice(-3).join("/"))).toEqual([
      "high/test/0000.parquet",
      "high/test/0001.parquet",
    ]);
    expect(paths[0]).toContain("datasets--tester--tiny-model");
    expect(await readRows(paths[0]!)).toHaveLength(2);
    const before = hub.requests.length;
    expect(await hubFiles(repo, "high", "test", { ...hub.options, offline: true })).toEqual(paths);
    expect(hub.requests.length).toBe(before);
    const other = hubFiles(repo, "high", "train", { ...hub.options, offline: true });
    await expect(other).rejects.toMatchObject({ reason: "not-cached" });
    expect(await hubFiles(repo, null, "test", hub.options)).toEqual([
      expect.stringMatching(/default\/test\/0000\.parquet$/),
    ]);
  });

  it("without the split is an error that names those there are", async () => {
    const hub = await startHub(files);
    await expect(hubFiles(repo, "high", "validation", hub.options)).rejects.toMatchObject({
      code: "invalid-data",
      message: `${repo} (high): no split "validation"; there are test, train`,
    });
  });

  it("without the configuration is one too, and never another configuration's rows", async () => {
    const { "default/test/0000.parquet": test, ...others } = files;
    const hub = await startHub({ ...others, "low/test/0000.parquet": test });
    await expect(hubFiles(repo, "middle", "test", hub.options)).rejects.toThrow(
      `${repo}: no configuration "middle"; there are high, low`,
    );
    await expect(hubFiles(repo, null, "test", hub.options)).rejects.toThrow(
      `${repo}: needs a configuration (dataset_name); there are high, low`,
    );
  });
});
