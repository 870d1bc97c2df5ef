// The job runner: a program for the other machine. Commands come as JSON lines on standard input, replies go as JSON lines to
// standard output. It says hello first, and ends when its input does, so nothing stays behind when the connection breaks.
import { machineFacts } from "../../devices/machine.ts";
import { createJobHost } from "../host.ts";
import { commandSchema } from "../messages.ts";
import { createLineReader } from "./lines.ts";

const say = (message: unknown) => process.stdout.write(`${JSON.stringify(message)}\n`);
// Worker threads may be waiting for work, so the process does not end by itself.
const end = () => process.stdout.write("", () => process.exit(0));

process.stdout.on("error", () => process.exit(0));
say({ type: "hello", facts: await machineFacts() });
const host = createJobHost({ send: say, onClose: end });
const reader = createLineReader((value) => host.receive(commandSchema.parse(value)));
process.stdin.on("data", (piece) => reader.push(piece));
process.stdin.on("end", end);
