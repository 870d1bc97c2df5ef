// How @yume-chan/adb reaches the adb server: a TCP socket of this machine as web streams. Reverse forwarding to a program
// that listens needs nothing here; tunnels into this process are not used.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import type { AdbServerClient } from "@yume-chan/adb";
import { HandheldError } from "../../../errors.ts";

/** Where the adb server listens. */
export interface AdbServerAddress {
  host: string;
  port: number;
}

/** The adb server's address: ANDROID_ADB_SERVER_PORT, or 5037, on this machine. @throws HandheldError `invalid-option` */
export function adbServerAddress(environment: NodeJS.ProcessEnv = process.env): AdbServerAddress {
  const given = environment.ANDROID_ADB_SERVER_PORT;
  const port = Number(given ?? 5037);
  if (Number.isInteger(port) && port > 0 && port < 65536) return { host: "127.0.0.1", port };
  throw new HandheldError("invalid-option", `ANDROID_ADB_SERVER_PORT must be a port, got ${JSON.stringify(given)}`);
}

/** Creates the connector. */
export function createConnector({ host, port }: AdbServerAddress): AdbServerClient.ServerConnector {
  const noTunnels = () => {
    throw new HandheldError("unsupported", "tunnels into this process are not used");
  };
  return {
    async connect({ unref, signal } = {}) {
      const socket = connect({ host, port, noDelay: true });
      if (signal) signal.addEventListener("abort", () => socket.destroy());
      await once(socket, "connect");
      if (unref) socket.unref();
      return connectionOver(socket);
    },
    addReverseTunnel: noTunnels,
    removeReverseTunnel: noTunnels,
    clearReverseTunnels: noTunnels,
  };
}

type Bytes = Parameters<ReturnType<AdbServerClient.ServerConnection["writable"]["getWriter"]>["write"]>[0];

function connectionOver(socket: Socket): AdbServerClient.ServerConnection {
  socket.on("error", () => {}); // "close" follows, and both streams fail
  const closed = new Promise<undefined>((resolve) => socket.once("close", () => resolve(undefined)));
  const send = (bytes: Uint8Array) =>
    new Promise<void>((resolve, reject) => socket.write(bytes, (error) => (error ? reject(error) : resolve())));
  const writable = new WritableStream<Bytes>({
    write: (chunk) => (chunk instanceof Uint8Array ? send(chunk) : chunk.tryConsume(send)),
    close: () => void socket.end(),
    abort: () => void socket.destroy(),
  });
  const { readable } = Duplex.toWeb(socket);
  return {
    readable: readable as unknown as AdbServerClient.ServerConnection["readable"],
    writable: writable as unknown as AdbServerClient.ServerConnection["writable"],
    closed,
    close: () => void socket.destroy(),
  };
}
