// Giving way to the event loop between two pieces of long synchronous work.

/** Lets signals, timers and messages in; resolves as soon as they had their turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else {
      // A browser's timers wait at least 4 ms; a message does not.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    }
  });
}
