// The protocols by name. A new one is one file and one line here.
import { api } from "./api.ts";
import { droidcall } from "./droidcall.ts";
import type { CallProtocol } from "./protocol.ts";
import { slots } from "./slots.ts";

/** All protocols. */
export const callProtocols = { droidcall, api, slots } as const satisfies Readonly<Record<string, CallProtocol>>;

/** Names of the protocols. */
export type ProtocolName = keyof typeof callProtocols;
