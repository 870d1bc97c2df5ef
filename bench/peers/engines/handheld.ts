// Handheld in Node, from the compiled package as its users run it.
import type { OpenEngine } from "./engine.ts";
import { openDecoder } from "./handheld-decoder.ts";

export const openHandheld: OpenEngine = (task) => openDecoder(new URL("../../../dist/", import.meta.url).href, task);
