// Handheld in a page: the compiled package as ES modules.

import type { OpenEngine } from "../engines/engine.ts";
import { openDecoder } from "../engines/handheld-decoder.ts";

export const open: OpenEngine = (task) => openDecoder(`${location.origin}/dist/`, task);
