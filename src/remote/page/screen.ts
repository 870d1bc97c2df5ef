// The phone's screen: kept on while a job runs, where the browser can; and the time for which it was off or the page hidden,
// because a phone slows hidden pages down and numbers from then are not what they seem.

/** Watches and keeps the screen. */
export interface Screen {
  /** Keeps it on, also again after the page was hidden. */
  keepOn(): void;
  letGo(): void;
}

/** Options of {@link watchScreen}. */
export interface ScreenOptions {
  /** The page is seen again; for how long it was not. */
  onReturn(hiddenMs: number): void;
}

/** Whether the browser can keep the screen on here. */
export const hasWakeLock = "wakeLock" in navigator;

/** Starts watching. */
export function watchScreen({ onReturn }: ScreenOptions): Screen {
  let wanted = false;
  let lock: WakeLockSentinel | null = null;
  let hiddenSince: number | null = document.hidden ? Date.now() : null;
  const take = async () => {
    if (!wanted || !hasWakeLock || document.hidden || (lock !== null && !lock.released)) return;
    lock = await navigator.wakeLock.request("screen").catch(() => null); // low battery; the job runs all the same
    if (!wanted) await lock?.release();
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) hiddenSince = Date.now();
    else {
      if (hiddenSince !== null) onReturn(Date.now() - hiddenSince);
      hiddenSince = null;
      void take();
    }
  });
  return {
    keepOn() {
      wanted = true;
      void take();
    },
    letGo() {
      wanted = false;
      void lock?.release();
      lock = null;
    },
  };
}
