// A safetensors file whose tensors come in any order and in pieces, as they do when another model's files are converted.
import { HandheldError } from "../errors.ts";
import { AtomicFile } from "../io.ts";
import { encodeHeader, inOrder, sizeOf, type TensorToCome } from "./safetensors-write.ts";

/** Writes a file of tensors that are all announced first. */
export class SafetensorsWriter {
  private readonly file: AtomicFile;
  /** Where each tensor begins, and how many of its bytes are still to come. */
  private readonly places: Map<string, { begin: number; missing: number }>;

  private constructor(file: AtomicFile, places: Map<string, { begin: number; missing: number }>) {
    this.file = file;
    this.places = places;
  }

  /** @throws HandheldError `io`, or `invalid-data` when a name repeats */
  static async create(path: string, tensors: readonly TensorToCome[]): Promise<SafetensorsWriter> {
    const ordered = inOrder(tensors);
    const header = encodeHeader(ordered, { format: "pt" });
    const places = new Map<string, { begin: number; missing: number }>();
    let begin = header.byteLength;
    for (const tensor of ordered) {
      const missing = sizeOf(tensor);
      places.set(tensor.name, { begin, missing });
      begin += missing;
    }
    const file = await AtomicFile.create(path);
    const writer = new SafetensorsWriter(file, places);
    await file.write(header, 0).catch((error) => writer.fail(error));
    return writer;
  }

  /** Writes a part of a tensor, from its byte `at` on; each part once. @throws HandheldError `io` */
  async write(name: string, bytes: Uint8Array, at = 0): Promise<void> {
    const place = this.places.get(name)!;
    await this.file.write(bytes, place.begin + at);
    place.missing -= bytes.byteLength;
  }

  /** Puts the file in its place. @throws HandheldError `io`, or `invalid-data` where a tensor is not complete */
  async finish(): Promise<void> {
    for (const [name, { missing }] of this.places) {
      if (missing === 0) continue;
      await this.fail(
        new HandheldError("invalid-data", `cannot write tensor "${name}": ${missing} bytes did not come`),
      );
    }
    await this.file.commit().catch((error) => this.fail(error));
  }

  /** Leaves nothing behind. */
  async abort(): Promise<void> {
    await this.file.discard();
  }

  private async fail(error: unknown): Promise<never> {
    await this.file.discard();
    throw error;
  }
}
