// The model files that peers load: written once into a folder outside the repository, about a minute for all shapes.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "../../../src/io.ts";
import { shapeSpec } from "../shapes.ts";
import { writeLlamaFile } from "./llama-file.ts";
import { writeOnnxFile } from "./onnx-file.ts";

/** Part of the names, raised when the writers change. */
const writerVersion = 1;

const writers = { gguf: writeLlamaFile, onnx: writeOnnxFile };

/** The name of a shape's file; it lies in the folder that {@link prepareFile} is given. */
export function modelFileName(shape: string, file: "gguf" | "onnx"): string {
  return `${shape}-${writerVersion}.${file}`;
}

/** Writes a shape's file unless it is there; `onWrite` hears before it is written. */
export async function prepareFile(
  folder: string,
  shape: string,
  file: "gguf" | "onnx",
  onWrite: (name: string) => void,
): Promise<void> {
  const path = join(folder, modelFileName(shape, file));
  const exists = await stat(path).then(
    () => true,
    () => false,
  );
  if (exists) return;
  onWrite(modelFileName(shape, file));
  await makeFolder(folder);
  await writers[file](path, shapeSpec(shape));
}
