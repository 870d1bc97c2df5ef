// Devices on the command line: the options by which they are reached, the link and its QR code, a job with its progress.
import type { Device, JobEvent, JobName, JobParams, JobResult, OpenDeviceOptions } from "../remote/index.ts";
import type { Invitation } from "../remote/node/phone/server.ts";
import type { CommandIo } from "./io.ts";
import { choice, flag, integer, text } from "./options.ts";

/** How devices are named, for help texts. */
export const deviceHelp = "local, phone, ssh:user@host[:port][/path/of/node], or adb[:serial]";

/** Options of every command that can use another device. */
export const remoteOptions = {
  port: integer("--port <n>", "port of the page that a phone opens (default: 8473)", { min: 0, max: 65535 }),
  https: flag("--https", "serve the phone's page by https with a certificate made now, so that it may use all cores"),
  identity: text("--identity <file>", "private key for ssh (default: the agent, then those of ~/.ssh)"),
  acceptHostKey: text("--accept-host-key <fingerprint>", "accept this ssh host key (SHA256:…) of an unknown host"),
  via: choice("--via <way>", "over adb: Node under Termux, or the phone's browser", ["auto", "termux", "page"], "auto"),
};

/** The parsed {@link remoteOptions}. */
export interface RemoteChoice {
  port: number | undefined;
  https: boolean;
  identity: string | undefined;
  acceptHostKey: string | undefined;
  via: "auto" | "termux" | "page";
}

/**
 * Opens a device by name; of a phone, shows the link and waits until it was opened.
 *
 * @throws DeviceError, HandheldError `aborted`
 */
export async function openNamedDevice(name: string, options: RemoteChoice, io: CommandIo): Promise<Device> {
  const { openDevice } = await import("../remote/index.ts");
  const device = await openDevice(name, openOptions(options, io));
  announce(device, io);
  return device;
}

/** Opens as many phones as `count` says, one after the other, each by a link of its own; other devices once. */
export async function* eachDevice(
  name: string,
  count: number,
  options: RemoteChoice,
  io: CommandIo,
): AsyncGenerator<Device, void, void> {
  if (name !== "phone") {
    yield await openNamedDevice(name, options, io);
    return;
  }
  const { createPhoneServer } = await import("../remote/index.ts");
  const { signal, phone } = openOptions(options, io);
  const server = await createPhoneServer(phone);
  try {
    for (let i = 0; i < count; i++) {
      const device = await server.accept({ signal, onInvite: phone.onInvite });
      announce(device, io);
      yield device;
    }
  } finally {
    await server.close();
  }
}

/** Runs a job on a device under a progress line. */
export async function runOn<N extends JobName>(
  device: Device,
  job: N,
  params: JobParams<N>,
  io: CommandIo,
): Promise<JobResult<N>> {
  const { jobs } = await import("../remote/index.ts");
  const progress = io.progress(jobs[job].title);
  const onEvent = (event: JobEvent) => {
    if (event.type === "progress") progress.update(event.done, event.note, event.total ?? undefined);
    else tell(event, device, io);
  };
  const result = await device.run(job, params, { signal: io.signal, onEvent });
  progress.finish();
  return result;
}

/** Warns of what a reader should know of a running job; progress and parts are not that. */
export function tell(event: JobEvent, device: Device, io: CommandIo): void {
  if (event.type === "note") io.warn(`${device.name}: ${event.text}`);
  if (event.type !== "restarted") return;
  const how = event.parts === 0 ? "begins again" : `goes on behind ${event.parts} parts that it had handed over`;
  io.warn(`${device.name}: the page was loaded anew; the job ${how}`);
}

function openOptions({ port, https, identity, acceptHostKey, via }: RemoteChoice, io: CommandIo) {
  return {
    signal: io.signal,
    phone: { port, https, onInvite: (invitation: Invitation) => void invite(invitation, https, io) },
    ssh: { acceptHostKey, ...(identity !== undefined && { identities: [identity] }) },
    adb: { port, via },
  } satisfies OpenDeviceOptions;
}

function announce(device: Device, io: CommandIo): void {
  if (device.name !== "local") io.print(`  connected: ${device.name}`);
  for (const note of device.notes) io.print(`  note: ${note}`);
}

async function invite({ url, otherUrls, fingerprint }: Invitation, https: boolean, io: CommandIo): Promise<void> {
  const { qrCode } = await import("../remote/index.ts");
  const code = await qrCode(url);
  io.print(`Open this on the phone, in the same network (it works once):\n\n${code}\n  ${url}`);
  for (const other of otherUrls) io.print(`  or ${other}`);
  if (fingerprint !== null) {
    io.print(`  The browser warns, because nobody vouches for this certificate; its SHA-256 must be\n  ${fingerprint}`);
  }
  const advice = "  Over plain http a phone's browser gives one thread; --https gives all cores, after a warning.";
  if (!https) io.print(advice);
  io.print("  Waiting for the phone; Ctrl-C ends it.");
}
