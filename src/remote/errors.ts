// What can go wrong between this machine and another one, typed, and errors in a form that survives the way.
import { type ErrorCode, HandheldError } from "../errors.ts";

/**
 * Why a device could not be used: there is no such name, no such machine, it does not let us in, its key is not the known
 * one, it has not what is needed, it went away, or it said what cannot be.
 */
export type DeviceProblem = "name" | "unreachable" | "refused" | "host-key" | "missing" | "lost" | "invalid-reply";

const codes: Record<DeviceProblem, ErrorCode> = {
  name: "invalid-option",
  unreachable: "io",
  refused: "io",
  "host-key": "io",
  missing: "unsupported",
  lost: "io",
  "invalid-reply": "invalid-data",
};

/** A device failed, not the job. */
export class DeviceError extends HandheldError {
  readonly problem: DeviceProblem;
  /** Name of the device, as given to openDevice. */
  readonly device: string;
  /** What the running job had handed over before: its parts, oldest first. */
  parts: readonly unknown[] = [];
  /** With `host-key`: the key's SHA-256 as OpenSSH prints it, which `acceptHostKey` takes. */
  readonly fingerprint: string | null;
  constructor(
    problem: DeviceProblem,
    device: string,
    message: string,
    options: { cause?: unknown; fingerprint?: string } = {},
  ) {
    super(codes[problem], `${device}: ${message}`, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "DeviceError";
    this.problem = problem;
    this.device = device;
    this.fingerprint = options.fingerprint ?? null;
  }
}

/** An error as data. `code` is null for a bug. */
export interface PlainError {
  code: string | null;
  message: string;
}

/** An error as data that can be sent. */
export function toPlainError(error: unknown): PlainError {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof HandheldError ? error.code : null, message: message.slice(0, 2000) };
}

// Complete by its type: a code that is added to ErrorCode must be added here.
const known: Record<ErrorCode, true> = {
  "invalid-spec": true,
  "invalid-data": true,
  "invalid-file": true,
  "invalid-option": true,
  "invalid-call": true,
  "context-overflow": true,
  unsupported: true,
  "out-of-memory": true,
  io: true,
  divergence: true,
  unsteady: true,
  aborted: true,
  kernel: true,
};

/** The error that another machine sent; one without a code, or with one we do not know, is its bug. */
export function fromPlainError(device: string, { code, message }: PlainError): Error {
  const isKnown = (name: string | null): name is ErrorCode => name !== null && Object.hasOwn(known, name);
  if (isKnown(code)) return new HandheldError(code, `${device}: ${message}`);
  return new DeviceError("invalid-reply", device, `the job failed: ${message}`);
}
