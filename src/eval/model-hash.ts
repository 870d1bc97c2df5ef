// Which model it was: a hash of a model directory's files, so that results of two models with one name are told apart.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ioError } from "../errors.ts";

const relevant =
  /^(config\.json|generation_config\.json|tokenizer.*|special_tokens_map\.json|.*\.(safetensors|gguf))$|\.index\.json$/;

/** SHA-256 over names and contents of a model's files, in hex. @throws HandheldError `io` */
export async function hashModel(dir: string): Promise<string> {
  const names = await readdir(dir).catch((cause) => {
    throw ioError("read", dir, cause);
  });
  const hash = createHash("sha256");
  for (const name of names.filter((file) => relevant.test(file)).sort()) {
    const inner = createHash("sha256");
    try {
      for await (const chunk of createReadStream(join(dir, name), { highWaterMark: 1 << 20 }))
        inner.update(chunk as Buffer);
    } catch (cause) {
      throw ioError("read", join(dir, name), cause);
    }
    hash.update(`${name} ${inner.digest("hex")}\n`);
  }
  return hash.digest("hex");
}
