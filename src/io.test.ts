// Atomic writes: whole or not at all, and no temporary file left behind.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HandheldError } from "./errors.ts";
import { makeFolder, readJsonFile, readTextFile, writeFileAtomic } from "./io.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-io-"));

describe("writeFileAtomic", () => {
  it("writes text, bytes and chunks, making the folder, replacing what was there", async () => {
    const path = join(folder, "new/deep/file");
    await writeFileAtomic(path, "text é");
    expect(readFileSync(path, "utf8")).toBe("text é");
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    await writeFileAtomic(path, [Uint8Array.of(4), new Uint8Array(0), Uint8Array.of(5, 6)]);
    expect([...readFileSync(path)]).toEqual([4, 5, 6]);
    expect(readdirSync(join(folder, "new/deep"))).toEqual(["file"]);
  });

  it("keeps the old file and removes the temporary one when a chunk fails", async () => {
    const path = join(folder, "kept");
    writeFileSync(path, "before");
    function* chunks() {
      yield Uint8Array.of(1);
      throw new HandheldError("divergence", "loss is NaN");
    }
    await expect(writeFileAtomic(path, chunks())).rejects.toThrow("loss is NaN");
    expect(readFileSync(path, "utf8")).toBe("before");
    expect(readdirSync(folder).filter((name) => name.includes(".tmp"))).toEqual([]);
  });

  it("names the path when the folder is a file or a folder is in the way", async () => {
    writeFileSync(join(folder, "file"), "");
    await expect(writeFileAtomic(join(folder, "file/x"), "")).rejects.toThrow(
      /file: a part of the path is a file, a folder was expected$/,
    );
    mkdirSync(join(folder, "busy/inner"), { recursive: true });
    await expect(writeFileAtomic(join(folder, "busy"), "")).rejects.toThrow(HandheldError);
    expect(readdirSync(folder).filter((name) => name.includes(".tmp"))).toEqual([]);
  });

  it.skipIf(!existsSync("/proc/self"))("returns where the system refuses a new folder (needs /proc)", async () => {
    await expect(makeFolder("/proc/none/deep")).rejects.toThrow(/^cannot make the folder \/proc\/none: no such file/);
  });

  it("makes folders, also twice at once, and says so when a file is in the way", async () => {
    const deep = join(folder, "a/b/c");
    await Promise.all([makeFolder(deep), makeFolder(deep), makeFolder(join(folder, "a/b/d"))]);
    expect(readdirSync(join(folder, "a/b"))).toEqual(["c", "d"]);
    writeFileSync(join(deep, "file"), "");
    for (const path of [join(deep, "file"), join(deep, "file/x")]) {
      await expect(makeFolder(path)).rejects.toThrow(/^cannot make the folder .*a part of the path is a file/);
    }
  });

  it.skipIf(process.getuid?.() === 0)(
    "says so when there is no permission (needs a user who is not root)",
    async () => {
      const locked = join(folder, "locked");
      mkdirSync(locked);
      chmodSync(locked, 0o500);
      await expect(writeFileAtomic(join(locked, "x"), "")).rejects.toThrow("no permission");
    },
  );

  it.skipIf(!existsSync("/dev/full"))("says so when the disk is full (needs /dev/full)", async () => {
    const { ioError } = await import("./errors.ts");
    let cause: unknown;
    try {
      writeFileSync("/dev/full", "x");
    } catch (error) {
      cause = error;
    }
    expect(ioError("write", "x", cause).message).toContain("no space left on the disk");
  });
});

describe("readJsonFile", () => {
  it("names the file that is missing or malformed", async () => {
    const path = join(folder, "broken.json");
    writeFileSync(path, "{");
    await expect(readJsonFile(path)).rejects.toThrow(`${path}: not valid JSON`);
    await expect(readTextFile(join(folder, "none"))).rejects.toThrow("no such file or folder");
  });
});
