// A link as a QR code for a terminal: two modules to a character, in the terminal's colors, dark on light or the other way.
import { toString as draw } from "qrcode";

/** The lines of the code; a quiet margin is part of them. */
export function qrCode(link: string): Promise<string> {
  return draw(link, { type: "utf8", errorCorrectionLevel: "L", margin: 2 });
}
