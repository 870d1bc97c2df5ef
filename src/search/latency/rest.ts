// Waiting that the signal to stop ends at once.
import { HandheldError } from "../../errors.ts";

/** Waits so many milliseconds. @throws HandheldError `aborted`, with the message, when the signal says so */
export function rest(ms: number, signal: AbortSignal | undefined, message: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new HandheldError("aborted", message));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
