// A fixed number of places, taken and given back; who waits longest is served first.
import { HandheldError } from "../errors.ts";

/** Gives a place back; more than once does nothing. */
export type Release = () => void;

/** Places that work is done in. */
export class Slots {
  private free: number;
  private readonly queue = new Set<() => void>();

  constructor(count: number) {
    this.free = count;
  }

  /** A place, at once or not at all. Those who wait in {@link take} come first. */
  tryTake(): Release | null {
    if (this.free === 0 || this.queue.size > 0) return null;
    this.free -= 1;
    return this.lease();
  }

  /** A place, when there is one. @throws HandheldError `aborted` */
  async take(signal: AbortSignal): Promise<Release> {
    const release = this.tryTake();
    if (release !== null) return release;
    return new Promise((resolve, reject) => {
      const serve = () => {
        signal.removeEventListener("abort", leave);
        resolve(this.lease());
      };
      const leave = () => {
        this.queue.delete(serve);
        reject(new HandheldError("aborted", "stopped"));
      };
      if (signal.aborted) return leave();
      signal.addEventListener("abort", leave, { once: true });
      this.queue.add(serve);
    });
  }

  private lease(): Release {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const [serve] = this.queue;
      if (serve === undefined) this.free += 1;
      else {
        this.queue.delete(serve);
        serve();
      }
    };
  }
}
