// Names of models on a hub, and the environment that says where the hub and its cache are.
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatReference, isHubReference, parseReference } from "./reference.ts";
import { hubSettings } from "./settings.ts";

describe("a reference", () => {
  it.each([
    ["org/name", "org/name", "main", null],
    ["hub:org/name", "org/name", "main", null],
    ["hub:gpt2", "gpt2", "main", null],
    ["org/name@v1.0", "org/name", "v1.0", null],
    ["hub:org/name@refs/pr/1", "org/name", "refs/pr/1", null],
    ["hub:org/name/q4/model.gguf", "org/name", "main", "q4/model.gguf"],
    ["hub:org/na_me-1.5/*.gguf@abc", "org/na_me-1.5", "abc", "*.gguf"],
  ])("%s is read, and written again", (text, repo, revision, file) => {
    const reference = parseReference(text);
    expect(reference).toEqual({ repo, revision, file });
    expect(parseReference(formatReference(reference))).toEqual(reference);
  });

  it.each([
    "",
    "hub:",
    "org/",
    "/name",
    "../x",
    "org/..",
    "org/a--b",
    "https://huggingface.co/org/name",
    "org/name@",
    "org/name@../../x",
    "org/name/../../x",
    "org/name//x",
    "org/name/a\\b",
    "org name/x",
  ])("%j is refused", (text) => {
    expect(() => parseReference(text)).toThrowError(expect.objectContaining({ code: "invalid-option" }));
  });

  it("is told from a path by its prefix", () => {
    expect(isHubReference("hub:org/name")).toBe(true);
    expect(isHubReference("org/name")).toBe(false);
  });
});

describe("settings", () => {
  const folder = (env: Record<string, string>) => hubSettings({}, env).cacheDir;

  it("find the cache where Hugging Face's tools put it", () => {
    expect(folder({})).toBe(join(homedir(), ".cache", "huggingface", "hub"));
    expect(folder({ XDG_CACHE_HOME: "/x" })).toBe("/x/huggingface/hub");
    expect(folder({ XDG_CACHE_HOME: "/x", HF_HOME: "/h" })).toBe("/h/hub");
    expect(folder({ HF_HOME: "/h", HF_HUB_CACHE: "/c" })).toBe("/c");
    expect(folder({ HF_HUB_CACHE: "~/models" })).toBe(join(homedir(), "models"));
  });

  it("take token, endpoint and offline from the environment, and options before it", () => {
    const env = { HF_TOKEN: " hf_x\n", HF_ENDPOINT: "http://mirror:8080/", HF_HUB_OFFLINE: "1" };
    expect(hubSettings({}, env)).toMatchObject({ token: "hf_x", endpoint: "http://mirror:8080", offline: true });
    const options = { token: "hf_y", endpoint: "https://hub.test", offline: false };
    expect(hubSettings(options, env)).toMatchObject(options);
    expect(hubSettings({}, { HF_TOKEN: "", HF_ENDPOINT: "" })).toMatchObject({
      token: null,
      endpoint: "https://huggingface.co",
      offline: false,
    });
    const broken = () => hubSettings({}, { HF_TOKEN: "hf_secret\nx" });
    expect(broken).toThrow(/HF_TOKEN holds characters that no token has/);
    expect(broken).not.toThrow(/secret/);
    expect(() => hubSettings({}, { HF_ENDPOINT: "mirror" })).toThrow(/HF_ENDPOINT takes an http or https URL/);
  });
});
