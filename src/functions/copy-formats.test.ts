import { describe, expect, it } from "vitest";
import { ANDROID_CATALOGUE } from "./catalogue/index.ts";
import { accepts } from "./constrain/constrain.case.ts";
import { COPY_FORMATS, hasFormat, stretches } from "./copy-formats.ts";
import { getCallFormat } from "./formats/registry.ts";
import { parseFunctions } from "./schema.ts";
import { validateCalls } from "./validate.ts";

const texts = (query: string, format: (typeof COPY_FORMATS)[number]) =>
  stretches(query, format).map(({ text }) => text);

describe("stretches", () => {
  it("finds e-mail addresses without the punctuation around them", () => {
    const query = 'mail a.b+c@mail.example.co.uk, "o\'neil@uni.edu" and <zoë@bücher.example>.';
    expect(texts(query, "email")).toEqual(["a.b+c@mail.example.co.uk", "neil@uni.edu", "zoë@bücher.example"]);
    expect(texts("meet @ 8, user@", "email")).toEqual([]);
  });

  it("finds URIs without the full stop after them", () => {
    const query = "open content://media/external/file/12. Then https://example.org/a?b=c!";
    expect(texts(query, "uri")).toEqual(["content://media/external/file/12", "https://example.org/a?b=c"]);
  });

  it("finds runs of digits that may be phone numbers, and no times, ages or dates", () => {
    expect(texts("at 7:30 on June 12", "phone")).toEqual([]);
    for (const phone of ["+1 (415) 555-0199", "911", "(825) 555 1234", "0049-30-1234", "٠١٢٣٤٥", "1.800.443.3987"]) {
      expect(hasFormat(phone, `please call ${phone} 2 times`, "phone"), phone).toBe(true);
    }
    expect(hasFormat("call", "call 911", "phone")).toBe(false);
    expect(hasFormat("555-", "call 555-0199", "phone")).toBe(false);
  });

  it("ends a phone number where no more of it can follow, so that copying has no dead end", () => {
    expect(stretches("call 555-0199 (home", "phone")).toEqual([{ text: "555-0199", starts: [0, 4], ends: [3, 8] }]);
    for (const query of ["+1 (415) 555 (", "555-0199 +, (", "(((911", "1) 234 ("]) {
      for (const { text, starts, ends } of stretches(query, "phone")) {
        expect(ends, query).toContain(text.length);
        expect(starts.every((start) => ends.some((end) => end > start))).toBe(true);
      }
    }
  });

  it("takes linear time on text made to be slow", () => {
    const long = 20_000;
    for (const text of ["a", "1", "a.", "+(", "a:", "://", "@"].map((part) => part.repeat(long / part.length))) {
      for (const format of COPY_FORMATS) expect(Array.isArray(stretches(text, format))).toBe(true);
    }
  });
});

describe("formats in the grammar", () => {
  const grammar = getCallFormat("code_short").grammar(ANDROID_CATALOGUE);

  it("copies a value of a format from nothing else", () => {
    const query = "mail the plan to ana@example.org and tell 555-0199 in 5 minutes";
    expect(accepts(grammar, 'send_email(to=["ana@example.org"])', query)).toBe(true);
    expect(accepts(grammar, 'send_email(to=["plan"])', query)).toBe(false);
    expect(accepts(grammar, 'send_email(to=["ana"])', query)).toBe(false);
    expect(accepts(grammar, 'dial(phone_number="555-0199")', query)).toBe(true);
    expect(accepts(grammar, 'dial(phone_number="plan")', query)).toBe(false);
    expect(accepts(grammar, 'send_email(to=["ana@example.org"],subject="plan")', query)).toBe(true);
  });

  it("offers no function whose required value neither the query nor a result can give", () => {
    const query = "call Ana";
    expect(accepts(grammar, 'dial(phone_number="Ana")', query)).toBe(false);
    const looked = 'get_contact_info(name="Ana",key="phone")\ndial(phone_number=result1)';
    expect(accepts(grammar, looked, query)).toBe(true);
    expect(accepts(grammar, "get_ringtone()\ndial(phone_number=result1)", query)).toBe(false);
    expect(accepts(grammar, "pick_contact()\nedit_contact(contact_uri=result1)", query)).toBe(true);
    expect(accepts(grammar, 'insert_contact(contact_info={"name":"Ana"})', query)).toBe(true);
    expect(accepts(grammar, 'insert_contact(contact_info={"email":"Ana"})', query)).toBe(false);
  });

  it("takes any span when nothing could be called otherwise", () => {
    const dial = ANDROID_CATALOGUE.filter((f) => f.name === "dial");
    expect(
      accepts(getCallFormat("json").grammar(dial), '[{"name": "dial", "arguments": {"phone_number": "Ana"}}]', "Ana"),
    ).toBe(true);
  });

  it("shares its cells between queries that hold values of the same formats", () => {
    const start = (query: string) => grammar.automaton(query).start;
    expect(start("call 911")).toBe(start("text 555-0199"));
    expect(start("call 911")).not.toBe(start("call Ana"));
  });
});

describe("formats in schemas", () => {
  it("are kept by parseFunctions and checked by validateCalls where a query is given", () => {
    const mail = { type: "string", extractive: true, format: "email" };
    const functions = parseFunctions([{ name: "mail", parameters: { type: "object", properties: { to: mail } } }]);
    const call = (to: string) => [{ name: "mail", arguments: { to } }];
    expect(() => validateCalls(call("a@b.de"), functions, "mail a@b.de")).not.toThrow();
    expect(() => validateCalls(call("mail"), functions, "mail a@b.de")).toThrow("mail.to must be of format email");
    expect(() => validateCalls(call("mail"), functions)).not.toThrow();
  });
});
