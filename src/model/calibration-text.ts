// Which tokens of a text a model is calibrated on.
import type { Tokenizer } from "../tokenizer/tokenizer.ts";

/**
 * About `tokens` ids of a text as sequences of `window`, evenly spread over it, each begun as the tokenizer begins a text.
 * Fewer where the text has fewer.
 */
export function calibrationSequences(
  tokenizer: Pick<Tokenizer, "encode">,
  text: string,
  tokens: number,
  window: number,
): number[][] {
  const count = Math.max(1, Math.ceil(tokens / window));
  const stride = Math.max(1, Math.ceil(text.length / count));
  const sequences: number[][] = [];
  for (let at = 0; at < text.length; at += stride) {
    // A token is rarely longer than 16 letters; what comes behind the window is cut.
    const part = text.slice(at, at + Math.min(stride, 16 * window));
    const ids = tokenizer.encode(part, { specialTokens: true }).slice(0, window);
    if (ids.length > 0) sequences.push(ids);
  }
  return sequences;
}
