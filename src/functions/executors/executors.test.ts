import { describe, expect, it } from "vitest";
import { HandheldError } from "../../errors.ts";
import { ANDROID_CATALOGUE, SETTINGS_PAGES } from "../catalogue/index.ts";
import { generateDataset } from "../generator/index.ts";
import type { Call, Json } from "../types.ts";
import { defineExecutor, type Executor } from "./executor.ts";
import {
  createAdbExecutor,
  createDryRunExecutor,
  createTermuxExecutor,
  createWebExecutor,
  EXECUTORS,
} from "./index.ts";
import { runCommand } from "./spawn.ts";

const NOW = new Date(2027, 2, 3, 10, 30); // a Wednesday
const termux = createTermuxExecutor({ now: () => NOW });
const call = (name: string, args: Record<string, Json> = {}): Call => ({ name, arguments: args });
const am = (name: string, args: Record<string, Json> = {}): string => termux.describe(call(name, args));
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof HandheldError) return error.code;
    throw error;
  }
  return "none";
};

describe("am start", () => {
  const A = "android.intent.extra.alarm";
  it.each<[string, Record<string, Json>, string]>([
    [
      "set_alarm",
      { hour: 8, minute: 5, message: "feed the cat", days: ["monday", "sunday"], ringtone: "silent", vibrate: true },
      `am start -a android.intent.action.SET_ALARM --ei ${A}.HOUR 8 --ei ${A}.MINUTES 5 --es ${A}.MESSAGE 'feed the cat' --eial ${A}.DAYS 2,1 --es ${A}.RINGTONE silent --ez ${A}.VIBRATE true`,
    ],
    [
      "set_timer",
      { hours: 1, minutes: 30, seconds: 5 },
      `am start -a android.intent.action.SET_TIMER --ei ${A}.LENGTH 5405`,
    ],
    ["show_alarms", {}, "am start -a android.intent.action.SHOW_ALARMS"],
    ["dial", { phone_number: "+1 (212) 555-1212" }, "am start -a android.intent.action.DIAL -d tel:+12125551212"],
    ["dial", { phone_number: "*31#5550100" }, "am start -a android.intent.action.DIAL -d 'tel:*31%235550100'"],
    [
      "send_message",
      { phone_number: "555 0100", body: "see you" },
      "am start -a android.intent.action.SENDTO -d smsto:5550100 --es sms_body 'see you'",
    ],
    [
      "send_message",
      { phone_number: "5550100", attachments: ["content://media/external/file/7"] },
      "am start -a android.intent.action.SEND -t '*/*' --es address 5550100 --eu android.intent.extra.STREAM content://media/external/file/7",
    ],
    [
      "send_email",
      { to: ["a@x.com", "b@y.org"], subject: "plan", body: "hi", cc: ["c@z.de"] },
      "am start -a android.intent.action.SENDTO -d mailto:a@x.com,b@y.org --esa android.intent.extra.CC c@z.de --es android.intent.extra.SUBJECT plan --es android.intent.extra.TEXT hi",
    ],
    [
      "view_contact",
      { contact_uri: "content://com.android.contacts/contacts/7" },
      "am start -a android.intent.action.VIEW -d content://com.android.contacts/contacts/7",
    ],
    [
      "edit_contact",
      { contact_uri: "content://com.android.contacts/contacts/7", contact_info: { address: "1 Oak Lane" } },
      "am start -a android.intent.action.EDIT -d content://com.android.contacts/contacts/7 -t vnd.android.cursor.item/contact --es postal '1 Oak Lane'",
    ],
    [
      "insert_contact",
      { contact_info: { name: "Ada", phone: "1" } },
      "am start -a android.intent.action.INSERT -t vnd.android.cursor.dir/contact --es name Ada --es phone 1",
    ],
    ["open_camera", {}, "am start -a android.media.action.STILL_IMAGE_CAMERA"],
    ["open_video_camera", {}, "am start -a android.media.action.VIDEO_CAMERA"],
    ["open_settings", {}, "am start -a android.settings.SETTINGS"],
    ["open_settings", { setting_type: "location" }, "am start -a android.settings.LOCATION_SOURCE_SETTINGS"],
    ["web_search", { query: "a & b" }, "am start -a android.intent.action.WEB_SEARCH --es query 'a & b'"],
    [
      "web_search",
      { query: "a & b", engine: "google" },
      "am start -a android.intent.action.VIEW -d 'https://www.google.com/search?q=a%20%26%20b'",
    ],
    [
      "search_location",
      { query: "12 Oak Lane" },
      "am start -a android.intent.action.VIEW -d 'geo:0,0?q=12%20Oak%20Lane'",
    ],
  ])("%s %j", (name, args, expected) => {
    expect(am(name, args)).toBe(expected);
  });

  it.each<[string, Date]>([
    ["2028-02-29T15:45", new Date(2028, 1, 29, 15, 45)],
    ["03-14", new Date(2027, 2, 14)],
    ["03-02T09:00", new Date(2028, 2, 2, 9)],
    ["03-03", new Date(2027, 2, 3)],
    ["02-29", new Date(2028, 1, 29)],
    ["todayT23:59", new Date(2027, 2, 3, 23, 59)],
    ["tomorrowT07:30", new Date(2027, 2, 4, 7, 30)],
    ["wednesday", new Date(2027, 2, 3)],
    ["tuesdayT08:00", new Date(2027, 2, 9, 8)],
    ["2027-05-01T12:00Z", new Date(Date.UTC(2027, 4, 1, 12))],
  ])("an event that begins %s begins at that moment", (begin_time, expected) => {
    const argv = termux.commandFor(call("insert_event", { title: "x", begin_time }));
    expect(argv.slice(argv.indexOf("beginTime") - 1)).toEqual(["--el", "beginTime", String(expected.getTime())]);
  });

  it.each(["2027-02-30", "13-01", "02-30", "someday", "tomorrowT25:00", "", "T10:00"])(
    "refuses the date %j",
    (begin_time) => {
      expect(codeOf(() => am("insert_event", { title: "x", begin_time }))).toBe("invalid-call");
    },
  );

  it("refuses an event that ends before it begins", () => {
    expect(codeOf(() => am("insert_event", { title: "x", begin_time: "2027-05-02", end_time: "2027-05-01" }))).toBe(
      "invalid-call",
    );
  });

  it("knows all settings pages", () => {
    const actions = SETTINGS_PAGES.map((setting_type) => am("open_settings", { setting_type }));
    expect(new Set(actions).size).toBe(14);
  });

  it.each<[string, Record<string, Json>]>([
    ["set_alarm", { hour: 24, minute: 0 }],
    ["set_alarm", { hour: 8 }],
    ["set_alarm", { hour: "8; reboot", minute: 0 }],
    ["set_alarm", { hour: 8, minute: 0, days: ["someday"] }],
    ["set_alarm", { hour: 8, minute: 0, ringtone: "file:///data/x" }],
    ["set_timer", {}],
    ["set_timer", { hours: 24, minutes: 1 }],
    ["dial", { phone_number: "nobody" }],
    ["dial", {}],
    ["send_email", { to: [] }],
    ["send_email", { to: ["a@x.com"], cc: ["b@y.org,c@z.de"] }],
    ["send_message", { phone_number: "1", attachments: ["file:///data/data/secret"] }],
    ["view_contact", { contact_uri: "https://evil.example" }],
    ["view_contact", { contact_uri: "content://sms/inbox" }],
    ["insert_contact", { contact_info: { shell: "x" } }],
    ["insert_contact", { contact_info: "Ada" }],
    ["open_settings", { setting_type: "constructor" }],
    ["web_search", { query: "x", engine: "toString" }],
  ])("refuses %s %j as an invalid call", (name, args) => {
    expect(codeOf(() => am(name, args))).toBe("invalid-call");
  });

  it("says that it cannot express the nine functions that return values", () => {
    for (const f of ANDROID_CATALOGUE.filter(({ returns }) => returns !== undefined)) {
      expect(() => am(f.name)).toThrow(new RegExp(`^${f.name} cannot be expressed for termux: it returns`));
      expect(codeOf(() => am(f.name))).toBe("unsupported");
    }
  });

  it.each<[string, Record<string, Json>]>([
    ["dial", { phone_number: "result1" }],
    ["send_email", { to: ["result1"] }],
    ["edit_contact", { contact_uri: "content://contacts/1", contact_info: { name: "result2" } }],
    ["constructor", {}],
    ["order_pizza", {}],
  ])("says that it cannot express %s %j", (name, args) => {
    expect(codeOf(() => am(name, args))).toBe("unsupported");
  });

  it("says why one command cannot attach two files", () => {
    const attachments = ["content://media/1", "content://media/2"];
    expect(() => am("send_email", { to: ["a@x.com"], attachments })).toThrow(/one file only/);
  });

  it("expresses every generated call of the other functions, unless it takes a result", () => {
    const { test } = generateDataset({ samples: 3000 });
    const returning = new Set(ANDROID_CATALOGUE.filter((f) => f.returns).map((f) => f.name));
    for (const answer of test.flatMap((s) => s.answers)) {
      const expected =
        returning.has(answer.name) || /"result\d+"/.test(JSON.stringify(answer.arguments)) ? "unsupported" : "none";
      expect(
        codeOf(() => termux.commandFor(answer)),
        JSON.stringify(answer),
      ).toBe(expected);
    }
  });
});

describe("web", () => {
  const web = createWebExecutor();
  it.each<[string, Record<string, Json>, string]>([
    ["dial", { phone_number: "+44 7911 123456" }, "tel:+447911123456"],
    ["send_message", { phone_number: "555-0100", body: "a & b?" }, "sms:5550100?body=a%20%26%20b%3F"],
    ["send_email", { to: ["a@x.com"], subject: "s", body: "b\nc" }, "mailto:a@x.com?subject=s&body=b%0Ac"],
    ["send_email", { to: ["a@x.com?bcc=evil@e.com"] }, "mailto:a@x.com%3Fbcc%3Devil@e.com"],
    ["search_location", { query: "Café #1" }, "geo:0,0?q=Caf%C3%A9%20%231"],
    ["web_search", { query: "x", engine: "baidu" }, "https://www.baidu.com/s?wd=x"],
  ])("%s %j", (name, args, url) => {
    expect(web.commandFor(call(name, args))).toEqual([url]);
  });

  it("says what a page cannot do", () => {
    expect(() => web.commandFor(call("set_alarm", { hour: 8, minute: 0 }))).toThrow(
      /set_alarm cannot be expressed for a web page/,
    );
    expect(codeOf(() => web.commandFor(call("dial", { phone_number: "result1" })))).toBe("unsupported");
    expect(() => web.commandFor(call("send_email", { to: ["a@x.com"], attachments: ["content://a"] }))).toThrow(
      /attachments/,
    );
  });

  it("opens a URL only after a yes", async () => {
    const opened: string[] = [];
    const page = createWebExecutor({ open: (url) => opened.push(url) });
    await page.execute([call("dial", { phone_number: "1" })], { confirm: () => false });
    expect(opened).toEqual([]);
    await page.execute([call("dial", { phone_number: "1" })], { confirm: () => true });
    expect(opened).toEqual(["tel:1"]);
  });
});

describe("execute", () => {
  const recording = (): Executor & { ran: string[][] } => {
    const ran: string[][] = [];
    const run = async (command: readonly string[]): Promise<string> => {
      ran.push([...command]);
      return "ok";
    };
    return { ...defineExecutor({ ...createAdbExecutor(), run }), ran };
  };
  const calls = [call("show_alarms"), call("open_camera"), call("open_settings")];

  it("runs each call after its own yes and stops at a no", async () => {
    const executor = recording();
    const asked: string[] = [];
    const done = await executor.execute(calls, {
      confirm: (description) => {
        asked.push(description);
        return asked.length < 2;
      },
    });
    expect(asked[0]).toBe("adb shell 'am start -a android.intent.action.SHOW_ALARMS'");
    expect(executor.ran).toHaveLength(1);
    expect(done.map(({ ran, output }) => [ran, output])).toEqual([
      [true, "ok"],
      [false, ""],
    ]);
  });

  it("takes nothing but true for a yes", async () => {
    const executor = recording();
    await executor.execute(calls, { confirm: (() => "no") as unknown as () => boolean });
    expect(executor.ran).toEqual([]);
  });

  it("runs nothing when a later call cannot be expressed", async () => {
    const executor = recording();
    const promise = executor.execute([calls[0] as Call, call("get_ringtone")], { confirm: () => true });
    await expect(promise).rejects.toThrow(/get_ringtone cannot be expressed/);
    expect(executor.ran).toEqual([]);
  });

  it("dry runs show any call and run nothing", async () => {
    const dry = createDryRunExecutor();
    expect(dry.describe(call("dial", { phone_number: "result1" }))).toBe('dial(phone_number="result1")');
    const [done] = await dry.execute([call("get_ringtone")], { confirm: () => true });
    expect(done?.ran).toBe(false);
  });

  it("says what to install where a program is missing", async () => {
    const commandFor = (): string[] => ["handheld-no-such-program"];
    const executor = defineExecutor({ ...createTermuxExecutor(), commandFor, run: runCommand });
    await expect(executor.execute([call("show_alarms")], { confirm: () => true })).rejects.toThrow(/not installed/);
  });

  it("lists all executors by name", () => {
    for (const [name, create] of Object.entries(EXECUTORS)) expect(create().name).toBe(name);
  });
});
