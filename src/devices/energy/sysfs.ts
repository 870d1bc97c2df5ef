// Files by which Linux shows its devices: one value each, as a line of text.

/** Names in a folder, sorted; none where there is no such folder. */
export async function listFolder(path: string): Promise<string[]> {
  const { readdir } = await import("node:fs/promises");
  return (await readdir(path).catch(() => [])).sort();
}

/** The file's text without its line break; null where it is not there or may not be read. */
export async function readValue(path: string): Promise<string | null> {
  const { readFile } = await import("node:fs/promises");
  return readFile(path, "utf8").then(
    (text) => text.trim(),
    () => null,
  );
}

/** The file's number; null where there is none. */
export async function readNumber(path: string): Promise<number | null> {
  const text = await readValue(path);
  const value = text === null || text === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}
