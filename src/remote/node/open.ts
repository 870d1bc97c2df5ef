// From a name to a device. A new kind of device: its folder here and one line in `kinds`.
import { suggest } from "../../errors.ts";
import { alsoClosing, type Device } from "../device.ts";
import { DeviceError } from "../errors.ts";
import { createLocalDevice } from "../local.ts";
import { type AdbOptions, openAdb } from "./adb/device.ts";
import { type AcceptOptions, createPhoneServer, type PhoneServerOptions } from "./phone/server.ts";
import type { SshOptions } from "./ssh/connect.ts";
import { openSsh } from "./ssh/device.ts";

/** Options of {@link openDevice}, by kind; those of other kinds are not looked at. */
export interface OpenDeviceOptions {
  signal?: AbortSignal | undefined;
  /** "phone": where the page is served, and who hears the link that the phone must open (which is required). */
  phone?: (PhoneServerOptions & Pick<AcceptOptions, "onInvite">) | undefined;
  ssh?: Omit<SshOptions, "signal"> | undefined;
  adb?: Omit<AdbOptions, "signal"> | undefined;
}

interface Kind {
  pattern: RegExp;
  /** How such a name looks. */
  form: string;
  open(name: string, options: OpenDeviceOptions): Promise<Device>;
}

const kinds: readonly Kind[] = [
  { pattern: /^local$/, form: "local", open: async () => createLocalDevice() },
  { pattern: /^phone$/, form: "phone", open: (_, { phone, signal }) => openPhone(phone, signal) },
  { pattern: /^ssh:/, form: "ssh:user@host", open: (name, { ssh, signal }) => openSsh(name, { ...ssh, signal }) },
  { pattern: /^adb(:.+)?$/, form: "adb", open: (name, { adb, signal }) => openAdb(name, { ...adb, signal }) },
];

/** Whether `name` means a device that {@link openDevice} opens, rather than a file with a profile. */
export function isDeviceName(name: string): boolean {
  return kinds.some(({ pattern }) => pattern.test(name));
}

/**
 * Opens a device: "local", "phone", "ssh:user@host[:port][/path/of/node]" or "adb[:serial]".
 *
 * @throws DeviceError (`name` for another name), HandheldError `aborted`
 * @example
 * ```ts
 * const device = await openDevice("phone", { phone: { onInvite: ({ url }) => console.log(url) } });
 * ```
 */
export async function openDevice(name: string, options: OpenDeviceOptions = {}): Promise<Device> {
  const kind = kinds.find(({ pattern }) => pattern.test(name));
  if (kind !== undefined) return kind.open(name, options);
  const forms = kinds.map(({ form }) => form);
  throw new DeviceError("name", name, `there is no such device; ${forms.join(", ")} are${suggest(name, forms)}`);
}

async function openPhone(options: OpenDeviceOptions["phone"], signal: AbortSignal | undefined): Promise<Device> {
  if (options === undefined) throw new DeviceError("name", "phone", "somebody must hear the link: give phone.onInvite");
  const server = await createPhoneServer(options);
  try {
    const device = await server.accept({ signal, onInvite: options.onInvite });
    return alsoClosing(device, () => server.close());
  } catch (error) {
    await server.close();
    throw error;
  }
}
