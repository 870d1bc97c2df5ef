// The call formats by name. A new format is one file and one line here.

import type { CallFormat } from "./format.ts";

export declare const callFormats: { readonly [name: string]: CallFormat };
export declare function getCallFormat(name: string): CallFormat;
