// The results folder with real files: what is appended is read, by several processes at once; damage stays where it is.
import { spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { migrate, parseRecord } from "./parse.ts";
import { sampleRecord } from "./record.case.ts";
import { appendRecord, newRecordId, quarantineFolder, readRecords } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "handheld-results-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(root, "folder-"));
});

const frozen = fileURLToPath(new URL("../../test/fixtures/records/", import.meta.url));
const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
const quarantined = () => readdirSync(join(folder, quarantineFolder)).sort();

describe("a results folder", () => {
  it("gives back what was appended, the oldest first", async () => {
    const [late, early] = [sampleRecord({ createdAt: "2026-11-26T20:00:01.000Z" }), sampleRecord()];
    for (const record of [late, early])
      expect(await appendRecord(folder, record)).toBe(join(folder, `${record.id}.json`));
    expect(await readRecords(folder)).toEqual({ records: [early, late], problems: [] });
    await expect(appendRecord(folder, late)).rejects.toMatchObject({ code: "invalid-option" });
  });

  it("is made where it is missing, and has no records before", async () => {
    const fresh = join(folder, "a", "b");
    expect(await readRecords(fresh)).toEqual({ records: [], problems: [] });
    await appendRecord(fresh, sampleRecord());
    expect((await readRecords(fresh)).records).toHaveLength(1);
  });

  it("refuses what is no valid record, and ids that lead elsewhere", async () => {
    const nan = sampleRecord({ model: { ...sampleRecord().model, parameters: Number.NaN } });
    await expect(appendRecord(folder, nan)).rejects.toThrow(/model\.parameters/);
    await expect(appendRecord(folder, sampleRecord({ id: "../outside" }))).rejects.toMatchObject({
      code: "invalid-file",
    });
    await expect(appendRecord(folder, sampleRecord({ samplesFile: "../../passwd" }))).rejects.toThrow(/samplesFile/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("takes records of four processes at once", { timeout: 120_000 }, async () => {
    const script = join(root, "append.ts");
    const source = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
    writeFileSync(
      script,
      `import { sampleRecord } from ${source("./record.case.ts")};\nimport { appendRecord } from ${source("./store.ts")};\n` +
        `for (let i = 0; i < 25; i++) await appendRecord(${JSON.stringify(folder)}, sampleRecord());\n`,
    );
    const codes = Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, [script], { stdio: "inherit" });
      return new Promise((resolve) => child.on("close", resolve));
    });
    expect(await Promise.all(codes)).toEqual([0, 0, 0, 0]);
    const { records, problems } = await readRecords(folder);
    expect([records.length, problems]).toEqual([100, []]);
    expect(readdirSync(folder)).toHaveLength(100);
  });
});

describe("a damaged record", () => {
  const damages: [string, (path: string) => void][] = [
    ["cut off", (path) => truncateSync(path, 700)],
    ["empty", (path) => truncateSync(path, 0)],
    ["not JSON", (path) => writeFileSync(path, "PK\u0003\u0004")],
    ["another JSON", (path) => writeFileSync(path, "[1, 2]")],
    ["without a version", (path) => writeFileSync(path, "{}")],
    [
      "with a field of another kind",
      (path) => writeFileSync(path, readFileSync(path, "utf8").replace('"cores": 2', '"cores": "two"')),
    ],
    ["deeply nested", (path) => writeFileSync(path, "[".repeat(1 << 20))],
    ["of 20 MB", (path) => truncateSync(path, 20 << 20)],
  ];

  it.each(damages)("%s is set aside whole and told; others are unaffected", async (_, damage) => {
    const [whole, damaged] = [sampleRecord(), sampleRecord()];
    for (const record of [whole, damaged]) await appendRecord(folder, record);
    const name = `${damaged.id}.json`;
    damage(join(folder, name));
    const before = readFileSync(join(folder, name));
    const { records, problems } = await readRecords(folder);
    expect(records).toEqual([whole]);
    expect(problems).toEqual([{ file: name, kind: "quarantined", reason: expect.stringMatching(/^.{5,400}$/) }]);
    expect(readFileSync(join(folder, quarantineFolder, name)).equals(before)).toBe(true);
    expect(await readRecords(folder)).toEqual({ records: [whole], problems: [] });
  });

  it("never replaces one that was set aside before", async () => {
    const name = `${newRecordId()}.json`;
    for (const text of ["one", "two", "three"]) {
      put(name, text);
      await readRecords(folder);
    }
    expect(quarantined().map((file) => readFileSync(join(folder, quarantineFolder, file), "utf8"))).toEqual([
      "two",
      "three",
      "one",
    ]);
  });

  it("stays where the folder cannot be changed, and is told", async ({ skip }) => {
    if (process.getuid?.() === 0) skip("root may write everywhere");
    put(`${newRecordId()}.json`, "{");
    chmodSync(folder, 0o555);
    const { problems } = await readRecords(folder);
    chmodSync(folder, 0o755);
    expect(problems).toMatchObject([{ kind: "left", reason: expect.stringMatching(/no permission/) }]);
  });
});

describe("what is not a record of ours", () => {
  it("stays: of a later version, a link, a folder, another's file, a copy under another name", async () => {
    const own = sampleRecord();
    const path = await appendRecord(folder, own);
    const newer = newRecordId();
    put(`${newer}.json`, JSON.stringify({ ...own, version: 99, id: newer, surprise: true }));
    put("package.json", '{"name": "mine"}');
    put("notes.txt", "not looked at");
    copyFileSync(path, join(folder, "copy.json"));
    symlinkSync(path, join(folder, `${newRecordId()}.json`));
    symlinkSync("/dev/zero", join(folder, `${newRecordId()}.json`));
    mkdirSync(join(folder, "folder.json"));
    const names = readdirSync(folder);
    const { records, problems } = await readRecords(folder);
    expect(records).toEqual([own]);
    expect(problems.map(({ kind }) => kind).sort()).toEqual(["left", "left", "left", "left", "left", "newer"]);
    expect(problems.find(({ kind }) => kind === "newer")!.reason).toMatch(/version 99.*update handheld/);
    expect(readdirSync(folder)).toEqual(names);
  });
});

describe("an old record", () => {
  const files = readdirSync(frozen);
  it.each(files)("%s reads, with all that it says", async (name) => {
    const text = readFileSync(join(frozen, name), "utf8");
    const stored = JSON.parse(text);
    put(`${stored.id}.json`, text);
    const { records, problems } = await readRecords(folder);
    expect(problems).toEqual([]);
    expect(records).toEqual([stored]);
  });

  it("is brought up to date a version at a time", () => {
    const steps = {
      1: (record: Record<string, unknown>) => ({ ...record, names: [record.name] }),
      2: ({ name: _, ...record }: Record<string, unknown>) => record,
    };
    expect(migrate({ version: 1, name: "x" }, "r", steps, 3)).toEqual({ version: 3, names: ["x"] });
    expect(migrate({ version: 3, names: [] }, "r", steps, 3)).toEqual({ version: 3, names: [] });
    expect(() => migrate({ version: 4 }, "r", steps, 3)).toThrow(/r: a record of version 4/);
    for (const version of [0, 1.5, "1", null]) expect(() => migrate({ version }, "r", steps, 3)).toThrow(/version/);
    expect(() => parseRecord("text", "r")).toThrow(/r: not a result record: "text"/);
  });
});
