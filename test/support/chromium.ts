// Finds and starts Chromium for browser tests. Nothing is downloaded: a test skips, with the reason, where there is none.
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import type { Invitation } from "../../src/remote/node/phone/server.ts";

const places = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Path of a browser, or undefined. `REQUIRE_DEVICES=chromium` makes its absence an error instead of a skip. */
export const chromiumPath = places.find((place) => place !== undefined && existsSync(place));

if (chromiumPath === undefined && process.env.REQUIRE_DEVICES?.includes("chromium")) {
  throw new Error("REQUIRE_DEVICES asks for chromium, but none was found; install it or set CHROMIUM_PATH");
}

/** For the title of a test that skips: why, and what to do. */
export const noChromium = "needs Chromium: apt-get install chromium, or set CHROMIUM_PATH";

/** Starts the browser, headless and without traffic of its own, with further arguments. Close it in afterAll. */
export function launchChromium(...args: string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath!,
    args: [
      "--headless=new",
      "--no-sandbox",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...args,
    ],
  });
}

/** The link of an invitation to a device's page that leads to a host; the first one where none does. */
export function linkAt({ url, otherUrls }: Pick<Invitation, "url" | "otherUrls">, host: string | undefined): string {
  return [url, ...otherUrls].find((one) => new URL(one).hostname === host) ?? url;
}
