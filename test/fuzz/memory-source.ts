// A directory in memory, as a reader sees one on a server: chunks of any size, and perhaps no word on a file's length.
import type { Random } from "../../src/random.ts";
import type { FileSource } from "../../src/source.ts";

/** Files by name. `random` cuts them into chunks. */
export function memorySource(files: Record<string, Uint8Array>, random: Random): FileSource {
  const tellsSize = random.below(3) > 0;
  const someBytes = random.pick([61, 1000, 1 << 20]);
  async function* chunks(bytes: Uint8Array) {
    const chunkBytes = bytes.length > 1 << 20 ? 1 << 20 : someBytes; // a large file is enough of a test by its size
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  return {
    name: "memory",
    open: async (file) => {
      const bytes = files[file];
      return bytes === undefined ? null : { sizeBytes: tellsSize ? bytes.length : null, chunks: chunks(bytes) };
    },
  };
}
