// The device `ssh:user@host`: the job runner in Node on another machine, its lines carried by ssh.
import type { Client, ClientChannel } from "ssh2";
import type { Device } from "../../device.ts";
import { DeviceError } from "../../errors.ts";
import type { RunnerProcess } from "../runner-device.ts";
import { lastLine, quote, type Shell, startRunner } from "../shell-runner.ts";
import { parseSshName } from "./address.ts";
import { connectSsh, type SshOptions } from "./connect.ts";

/**
 * Connects to `ssh:user@host[:port][/path/of/node]` and starts the job runner there; it is kept in ~/.cache/handheld.
 *
 * @throws DeviceError as `connectSsh` and `startRunner`
 */
export async function openSsh(name: string, options: SshOptions = {}): Promise<Device> {
  const address = parseSshName(name);
  const client = await connectSsh(name, address, options);
  const node = address.node === null ? "node" : quote(address.node);
  try {
    return await startRunner(shellOf(name, client), { name, node, folder: ".cache/handheld" });
  } catch (error) {
    client.end();
    throw error;
  }
}

function shellOf(name: string, client: Client): Shell {
  const exec = (command: string) =>
    new Promise<ClientChannel>((resolve, reject) => {
      client.exec(command, (error, channel) => {
        if (error === undefined) resolve(channel);
        else reject(new DeviceError("refused", name, `it runs no commands: ${error.message}`, { cause: error }));
      });
    });
  return {
    async run(command, input) {
      const channel = await exec(command);
      const [stdout, stderr] = [collect(channel), collect(channel.stderr)];
      channel.end(input);
      const code = await new Promise<number>((resolve) =>
        channel.once("close", (code?: number) => resolve(code ?? 255)),
      );
      return { code, stdout: stdout(), stderr: stderr() };
    },
    start: async (command) => processOf(client, await exec(command)),
  };
}

function processOf(client: Client, channel: ClientChannel): RunnerProcess {
  const stderr = collect(channel.stderr);
  channel.on("error", () => {}); // "close" follows
  return {
    write: (text) => void channel.write(text),
    onOutput: (listener) => void channel.on("data", listener),
    onEnd(listener) {
      channel.once("close", (code: number | undefined) => {
        const words = lastLine(stderr());
        const end = code === undefined ? "the connection broke" : `the job runner ended with ${code}`;
        listener(words === "" ? end : `${end}: ${words}`);
      });
    },
    async close() {
      channel.end();
      const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
      client.end();
      const late = new Promise<void>((resolve) => setTimeout(resolve, 2000).unref());
      await Promise.race([closed, late]);
      client.destroy();
    },
  };
}

/** Gathers a stream's text, the last of it where it is long. */
function collect(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.on("data", (piece: Buffer) => {
    text = (text + piece.toString("utf8")).slice(-64 * 1024);
  });
  return () => text;
}
