// The device `adb[:serial]`: a phone on a cable. Where Node under Termux can be started over adb, the job runner runs there;
// else the phone's browser opens the page at its own localhost, which adb forwards here: a secure context, so threads work.
import type { Adb, AdbServerClient } from "@yume-chan/adb";
import { openAndroidMeter } from "../../../devices/energy/android.ts";
import type { Device } from "../../device.ts";
import { DeviceError } from "../../errors.ts";
import { type AdbServerAddress, adbServerAddress, createConnector } from "./connector.ts";
import { openPage } from "./page.ts";
import { runShell } from "./shell.ts";
import { openTermux } from "./termux.ts";

/** Options of {@link openAdb}. */
export interface AdbOptions {
  /** Node under Termux, the phone's browser, or the first where it is there. Default `auto`. */
  via?: "auto" | "termux" | "page" | undefined;
  /** Port of the page, here and on the phone. Default: as the phone's server chooses. */
  port?: number | undefined;
  /** Seconds until the page must have been opened. Default 60. */
  openSeconds?: number | undefined;
  /** As of the phone's server. */
  awaySeconds?: number | undefined;
  /** Seconds of the stretches in which the phone's energy is counted. Default 10. */
  meterSeconds?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Where the adb server listens. Default: ANDROID_ADB_SERVER_PORT, or 5037. */
  server?: AdbServerAddress | undefined;
}

/**
 * Opens the phone of `adb:<serial>`, or the only one with `adb`.
 *
 * @throws DeviceError `unreachable` (no adb server, no phone), `refused` (not allowed on the phone's screen yet), `name`
 *   (no such serial, or several phones), `missing` (Termux asked for and not there), `lost` (the page was not opened)
 */
export async function openAdb(name: string, options: AdbOptions = {}): Promise<Device> {
  const { AdbServerClient: Client } = await import("@yume-chan/adb");
  const address = options.server ?? adbServerAddress();
  const client = new Client(createConnector(address));
  const phone = choose(name, await listPhones(name, client, address));
  const adb = await client.createAdb({ transportId: phone.transportId });
  const called = `adb:${phone.serial}${phone.model === undefined ? "" : ` (${phone.model.replaceAll("_", " ")})`}`;
  try {
    const device = await openVia(called, adb, options);
    const shell = async (command: string) => (await runShell(adb, command)).text;
    return Object.assign(device, {
      openMeter: () => openAndroidMeter(shell, { shortestSeconds: options.meterSeconds }),
    });
  } catch (error) {
    await adb.close();
    throw error;
  }
}

async function openVia(name: string, adb: Adb, options: AdbOptions): Promise<Device> {
  const { via = "auto" } = options;
  if (via === "page") return openPage(name, adb, options);
  try {
    return await openTermux(name, adb);
  } catch (error) {
    const absent = error instanceof DeviceError && error.problem === "missing";
    if (via === "auto" && absent) return openPage(name, adb, options);
    throw error;
  }
}

async function listPhones(name: string, client: AdbServerClient, { host, port }: AdbServerAddress) {
  try {
    return await client.getDevices(["device", "unauthorized", "offline"]);
  } catch (cause) {
    const hint = 'start it with "adb start-server", or name its port in ANDROID_ADB_SERVER_PORT';
    throw new DeviceError("unreachable", name, `there is no adb server at ${host}:${port}; ${hint}`, { cause });
  }
}

/** @throws DeviceError that says which phones there are */
function choose(name: string, phones: readonly AdbServerClient.Device[]): AdbServerClient.Device {
  const serial = name === "adb" ? null : name.slice("adb:".length);
  const found = serial === null ? phones : phones.filter((phone) => phone.serial === serial);
  const names = phones.map((phone) => `adb:${phone.serial}`).join(", ");
  if (phones.length === 0) {
    throw new DeviceError("unreachable", name, "adb sees no phone; connect one and switch on USB debugging");
  }
  if (found.length === 0) throw new DeviceError("name", name, `adb sees no phone of this name, but ${names}`);
  if (found.length > 1) throw new DeviceError("name", name, `adb sees ${found.length} phones; name one: ${names}`);
  const [phone] = found as [AdbServerClient.Device];
  if (phone.state === "unauthorized") {
    throw new DeviceError("refused", name, "the phone asks on its screen whether to allow USB debugging; allow it");
  }
  if (phone.state === "offline") {
    throw new DeviceError("unreachable", name, "the phone is offline; unlock it, or plug it in again");
  }
  return phone;
}
