// A site replaces its own files, and only those; what fails changes nothing.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { siteFiles } from "./files.ts";
import { createSite } from "./site.ts";
import { writeSite } from "./write.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "handheld-site-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function files(title: string): Map<string, string> {
  const { site, details } = createSite([], [], { title, builtAt: "2026-11-26T20:00:00.000Z" });
  return siteFiles(site, details, { script: "", style: "" });
}

const names = ["data.js", "details.js", "device.html", "index.html", "model.html", "page.js", "style.css"];

describe("writeSite", () => {
  it("makes a folder, and the folders above it", async () => {
    await writeSite(join(root, "a/b"), files("one"));
    expect(readdirSync(join(root, "a/b")).sort()).toEqual(names);
    expect(readdirSync(join(root, "a"))).toEqual(["b"]);
  });

  it("replaces a site of ours and leaves what else is there", async () => {
    const folder = join(root, "site");
    await writeSite(folder, files("one"));
    writeFileSync(join(folder, "CNAME"), "example.org");
    mkdirSync(join(folder, ".git"));
    await writeSite(`${folder}/`, files("two"));
    expect(readdirSync(folder).sort()).toEqual([".git", "CNAME", ...names]);
    expect(readFileSync(join(folder, "index.html"), "utf8")).toContain("<title>two</title>");
    expect(readFileSync(join(folder, "CNAME"), "utf8")).toBe("example.org");
  });

  it("refuses to write over the files of another site", async () => {
    writeFileSync(join(root, "style.css"), "mine");
    await expect(writeSite(root, files("one"))).rejects.toThrow(
      /style\.css is not of a leaderboard; choose another folder/,
    );
    expect(readdirSync(root)).toEqual(["style.css"]);
  });

  it("where it cannot write, says so and leaves nothing", async () => {
    writeFileSync(join(root, "file"), "");
    await expect(writeSite(join(root, "file/site"), files("one"))).rejects.toThrow(/a part of the path is a file/);
    await writeSite(join(root, "site"), files("one"));
    mkdirSync(join(root, "other"));
    mkdirSync(join(root, "other/data.js/in-the-way"), { recursive: true });
    await expect(writeSite(join(root, "other"), files("one"))).rejects.toThrow(/is not of a leaderboard/);
    expect(readdirSync(join(root, "other"))).toEqual(["data.js"]);
  });
});
