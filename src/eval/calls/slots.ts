// Intents and slots, as for SNIPS and ATIS: what conlleval counts over BIO tags, over the values of arguments.
import { normalizeSpace } from "../../functions/spans.ts";
import type { Call, Json } from "../../functions/types.ts";
import { type CallProtocol, share } from "./protocol.ts";
import { commonWords } from "./rouge.ts";

/**
 * `slotF1`, `slotPrecision`, `slotRecall`: over all slots of all samples (micro). A slot is right when the same argument has the
 * same value; case and runs of white space do not matter. That is conlleval's rule for spans wherever a value occurs once in the
 * query. `intentAccuracy`: the functions called. `frameAccuracy`: intent and all slots right.
 */
export const slots: CallProtocol = {
  name: "slots",
  asksResponse: false,
  score({ calls }, { answers }) {
    const [found, wanted] = [slotsOf(calls ?? []), slotsOf(answers)];
    const right = commonWords(found, wanted);
    const names = (list: readonly Call[] | null) => list?.map(({ name }) => name).join(" ");
    const intent = names(calls) === names(answers);
    return {
      intentAccuracy: share(intent),
      slotF1: [2 * right, found.length + wanted.length],
      slotPrecision: [right, found.length],
      slotRecall: [right, wanted.length],
      frameAccuracy: share(intent && right === found.length && right === wanted.length),
    };
  },
};

/** A text per slot, equal for equal ones: a list has a slot for each of its items. */
function slotsOf(calls: readonly Call[]): string[] {
  const values = (value: Json): Json[] =>
    Array.isArray(value) ? value.flatMap(values) : value === null ? [] : [value];
  return calls.flatMap((call) =>
    Object.entries(call.arguments).flatMap(([name, value]) =>
      values(value).map((item) => {
        const text = typeof item === "object" ? JSON.stringify(item) : String(item);
        return `${name}\n${normalizeSpace(text).toLowerCase()}`;
      }),
    ),
  );
}
