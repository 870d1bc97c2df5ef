// DroidCall's test (arXiv 2412.00402; PhoneLM, section 4.3), counted as its checker counts.
import { compareCalls } from "./compare.ts";
import { type CallProtocol, share } from "./protocol.ts";

/**
 * `accuracy`: every expected call is there and all its arguments are right. `softAccuracy`: the share of right arguments of the
 * expected calls, averaged over samples; a call that is missing has none right. `exactMatch`: accurate, and no call or argument
 * too many, which the other two do not see.
 */
export const droidcall: CallProtocol = {
  name: "droidcall",
  asksResponse: false,
  score({ calls }, { answers }, options) {
    const { right, counted, tooMuch } = compareCalls(calls, answers, options);
    return {
      accuracy: share(right === counted),
      softAccuracy: share(right / counted),
      exactMatch: share(right === counted && !tooMuch),
    };
  },
};
