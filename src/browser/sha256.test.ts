// SHA-256 against Node's own.
import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { Sha256 } from "./sha256.ts";

it("is Node's, at every length around the blocks of 64 bytes and however the bytes are cut", () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7 + (i >> 3)) & 255);
  for (const length of [...Array(131).keys(), 1000]) {
    const message = bytes.subarray(0, length);
    for (const step of [1, 37, 64, 1000]) {
      const hash = new Sha256();
      for (let at = 0; at < length; at += step) hash.update(message.subarray(at, at + step));
      expect(hash.digest(), `${length} bytes in steps of ${step}`).toBe(
        createHash("sha256").update(message).digest("hex"),
      );
    }
  }
});
