import { describe, expect, it } from "vitest";
import type { ParameterSchema } from "../types.ts";
import { ANDROID_CATALOGUE } from "./index.ts";

describe("ANDROID_CATALOGUE", () => {
  it("has 24 functions with distinct snake_case names", () => {
    const names = ANDROID_CATALOGUE.map((f) => f.name);
    expect(new Set(names).size).toBe(24);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z_]*[a-z]$/);
  });

  it("has nine functions that return values", () => {
    const returning = ANDROID_CATALOGUE.filter((f) => f.returns !== undefined).map((f) => f.name);
    expect(returning.sort()).toEqual([
      "capture_photo",
      "capture_video",
      "create_document",
      "get_contact_info",
      "get_contact_info_from_uri",
      "get_content",
      "get_ringtone",
      "open_document",
      "pick_contact",
    ]);
  });

  it("requires only arguments that exist, and describes every one", () => {
    for (const f of ANDROID_CATALOGUE) {
      expect(f.description, f.name).toBeTruthy();
      for (const key of f.parameters.required ?? []) expect(f.parameters.properties, f.name).toHaveProperty(key);
      for (const [key, p] of Object.entries(f.parameters.properties))
        expect(p.description, `${f.name}.${key}`).toBeTruthy();
    }
  });

  it("leaves no string open: each has an enum, is extractive, or is a date and time", () => {
    const open: string[] = [];
    const visit = (path: string, p: ParameterSchema): void => {
      if (p.type === "string" && !p.enum && !p.extractive) open.push(path);
      if (p.items) visit(`${path}[]`, p.items);
      for (const [key, child] of Object.entries(p.properties ?? {})) visit(`${path}.${key}`, child);
    };
    for (const f of ANDROID_CATALOGUE) {
      for (const [key, p] of Object.entries(f.parameters.properties)) visit(`${f.name}.${key}`, p);
    }
    expect(open).toEqual(["insert_event.begin_time", "insert_event.end_time"]);
  });
});
