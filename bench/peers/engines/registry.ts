// The engines that are compared. Adding one is a file beside this one (or in ../browser) and an entry here.
import { HandheldError, suggest } from "../../../src/errors.ts";
import type { BrowserEngine } from "../browser/page.ts";
import type { StoredNumbers } from "../weights/bytes.ts";
import type { OpenEngine } from "./engine.ts";
import { openHandheld } from "./handheld.ts";
import { openLlamaCpp } from "./llama-cpp.ts";
import { openOnnxNode } from "./onnx-node.ts";

/** Where an engine runs; only engines of one place are compared with each other. */
export type Place = "node" | "chromium";

/** An engine of the comparison. */
export interface Engine {
  /** What `--engines` calls it. */
  name: string;
  /** For the reader. */
  title: string;
  place: Place;
  /** Ours is what the others are compared with; `aside` is shown, but is not how anyone can use the engine. */
  role: "ours" | "peer" | "aside";
  /** The npm package whose version is reported. */
  package: string;
  /** The model file that it loads; null where it makes its weights itself. */
  file: "gguf" | "onnx" | null;
  /** How it holds weights and cache, for the bytes that it reads per token. */
  stored: StoredNumbers;
  /** Opens it in a Node process, or names its module in ../browser. */
  open: OpenEngine | BrowserEngine;
}

// int4 with a bf16 scale per 32, and an int8 cache with an f32 scale per head and token.
const handheld = { file: null, package: "handheld", stored: "handheld" } as const;
// Q4_0 has an f16 scale per 32; the cache is f16.
const gguf = { file: "gguf", stored: { bitsPerWeight: 4.5, cacheBytes: 2 } } as const;
// MatMulNBits has an f32 scale per 32 on the CPU; the cache is f32.
const onnx = { file: "onnx", stored: { bitsPerWeight: 5, cacheBytes: 4 } } as const;

/** All engines, in the order of the tables. */
export const engines: readonly Engine[] = [
  { ...handheld, name: "handheld", title: "Handheld", place: "node", role: "ours", open: openHandheld },
  {
    ...gguf,
    name: "llama-flash",
    title: "llama.cpp, flash attention",
    place: "node",
    role: "peer",
    package: "node-llama-cpp",
    open: openLlamaCpp(true),
  },
  {
    ...gguf,
    name: "llama",
    title: "llama.cpp, no flash attention",
    place: "node",
    role: "peer",
    package: "node-llama-cpp",
    open: openLlamaCpp(false),
  },
  {
    ...onnx,
    name: "onnx",
    title: "ONNX Runtime",
    place: "node",
    role: "peer",
    package: "onnxruntime-node",
    open: openOnnxNode(false),
  },
  {
    ...onnx,
    name: "onnx-kernels",
    title: "ONNX Runtime, kernels alone",
    place: "node",
    role: "aside",
    package: "onnxruntime-node",
    open: openOnnxNode(true),
  },
  { ...handheld, name: "web-handheld", title: "Handheld", place: "chromium", role: "ours", open: "handheld" },
  {
    ...gguf,
    name: "wllama",
    title: "wllama",
    place: "chromium",
    role: "peer",
    package: "@wllama/wllama",
    open: "wllama",
  },
  {
    ...onnx,
    name: "onnx-web",
    title: "onnxruntime-web",
    place: "chromium",
    role: "peer",
    package: "onnxruntime-web",
    open: "onnx-web",
  },
];

/**
 * The engine of that name.
 * @throws HandheldError `invalid-option` on an unknown name
 */
export function findEngine(name: string): Engine {
  const engine = engines.find((one) => one.name === name);
  if (engine !== undefined) return engine;
  const names = engines.map((one) => one.name);
  const hint = suggest(name, names) || `; known: ${names.join(", ")}`;
  throw new HandheldError("invalid-option", `no engine named "${name}"${hint}`);
}
