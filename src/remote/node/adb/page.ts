// The phone's browser over adb: its localhost is forwarded to our server, and it is told to open the page there.
import type { Adb } from "@yume-chan/adb";
import { HandheldError } from "../../../errors.ts";
import { alsoClosing, type Device } from "../../device.ts";
import { DeviceError } from "../../errors.ts";
import { createPhoneServer, type Invitation } from "../phone/server.ts";
import { lastLine } from "../shell-runner.ts";
import { runShell } from "./shell.ts";

/** Options of {@link openPage}. */
export interface PageOptions {
  port?: number | undefined;
  openSeconds?: number | undefined;
  awaySeconds?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** @throws DeviceError `refused` when it cannot be forwarded or opened, `lost` when the page does not come */
export async function openPage(name: string, adb: Adb, options: PageOptions = {}): Promise<Device> {
  const { port, awaySeconds, openSeconds = 60, signal } = options;
  const server = await createPhoneServer({ port, host: "127.0.0.1", awaySeconds, name });
  const address = `tcp:${server.port}`;
  const cleanUp = async () => {
    await server.close();
    await adb.reverse.remove(address).catch(() => {}); // gone with the phone
    await adb.close();
  };
  try {
    await forward(name, adb, address);
    const device = await openAndWait(name, adb, server, openSeconds, signal);
    return alsoClosing(device, cleanUp);
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

async function forward(name: string, adb: Adb, address: string): Promise<void> {
  try {
    await adb.reverse.addExternal(address, address);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new DeviceError("refused", name, `adb cannot forward the phone's ${address}: ${reason}`, { cause });
  }
}

async function openAndWait(
  name: string,
  adb: Adb,
  server: Awaited<ReturnType<typeof createPhoneServer>>,
  seconds: number,
  signal: AbortSignal | undefined,
): Promise<Device> {
  const late = AbortSignal.timeout(seconds * 1000);
  const failed = new AbortController();
  let problem: Error | null = null;
  const onInvite = ({ url }: Invitation) => {
    start(name, adb, url).catch((error) => {
      problem = error;
      failed.abort();
    });
  };
  const ends = [late, failed.signal, ...(signal ? [signal] : [])];
  try {
    return await server.accept({ signal: AbortSignal.any(ends), onInvite });
  } catch (error) {
    if (problem !== null) throw problem;
    if (!late.aborted || !(error instanceof HandheldError)) throw error;
    throw new DeviceError("lost", name, `the phone did not open the page within ${seconds} s; unlock its screen`);
  }
}

async function start(name: string, adb: Adb, url: string): Promise<void> {
  const command = `am start -a android.intent.action.VIEW -d '${url}'`;
  const { text, failed } = await runShell(adb, command);
  if (!failed && !/^Error/m.test(text)) return;
  throw new DeviceError("refused", name, `the phone opens no page: ${lastLine(text)}`);
}
