// API calling as MobileLLM measures it (section 3.3.2, table 6).
import { callsEqual } from "../../functions/metrics.ts";
import type { Call } from "../../functions/types.ts";
import { type CallProtocol, share } from "./protocol.ts";
import { rouge } from "./rouge.ts";

/**
 * `intentExactMatch`: the functions that are called. `structureExactMatch`: the calls as a whole, names and content of all
 * arguments. `rouge1`, `rougeL`: what the user is told against the response in the data, where they have one and the model was
 * asked. `callRouge1`, `callRougeL`: the calls as text against the expected ones.
 */
export const api: CallProtocol = {
  name: "api",
  asksResponse: true,
  score({ calls, response }, sample, { functions }) {
    const names = (list: readonly Call[]) => list.map(({ name }) => name).join(" ");
    const text = rouge(asText(calls ?? []), asText(sample.answers));
    const said = sample.response !== undefined && response !== undefined ? rouge(response, sample.response) : null;
    return {
      intentExactMatch: share(calls !== null && names(calls) === names(sample.answers)),
      structureExactMatch: share(callsEqual(calls, sample.answers, [...functions.values()])),
      ...(said ? { rouge1: share(said.rouge1), rougeL: share(said.rougeL) } : {}),
      callRouge1: share(text.rouge1),
      callRougeL: share(text.rougeL),
    };
  },
};

/** `name(argument=value, …)`, one call a line. */
function asText(calls: readonly Call[]): string {
  return calls
    .map(({ name, arguments: given }) => {
      const list = Object.entries(given).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
      return `${name}(${list.join(", ")})`;
    })
    .join("\n");
}
