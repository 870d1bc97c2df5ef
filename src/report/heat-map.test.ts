// Colors of shares: readable text on each, and darker to brighter all the way.
import { expect, it } from "vitest";
import { heatColors } from "./heat-map.ts";

const luminance = (color: string) => {
  const channels = color.startsWith("#")
    ? color === "#000"
      ? [0, 0, 0]
      : [255, 255, 255]
    : color.match(/\d+/g)!.map(Number);
  const [r, g, b] = channels.map((value) => {
    const share = value / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
};

it("text on every share has a contrast of at least 4.5, and brighter always means more", () => {
  let before = -1;
  for (let share = 0; share <= 1; share += 1 / 128) {
    const { background, text } = heatColors(share);
    const [a, b] = [luminance(background), luminance(text)];
    expect((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)).toBeGreaterThan(4.5);
    expect(a).toBeGreaterThan(before - 1e-9);
    before = a;
  }
  expect(heatColors(-1)).toEqual(heatColors(0));
  expect(heatColors(2)).toEqual(heatColors(1));
});
