// File types in words and the MIME types they mean, and names of new files.

import { derived, type Slot } from "./slot.ts";
import { fileStem } from "./texts.ts";

/** Singular, plural, MIME type. */
const TYPES: [one: string, many: string, mime: string][] = [
  ["picture", "pictures", "image/*"],
  ["photo", "photos", "image/*"],
  ["image", "images", "image/*"],
  ["JPEG", "JPEGs", "image/jpeg"],
  ["jpg file", "jpg files", "image/jpeg"],
  ["PNG", "PNGs", "image/png"],
  ["png image", "png images", "image/png"],
  ["GIF", "GIFs", "image/gif"],
  ["video", "videos", "video/*"],
  ["clip", "clips", "video/*"],
  ["movie file", "movie files", "video/*"],
  ["mp4", "mp4 files", "video/mp4"],
  ["song", "songs", "audio/*"],
  ["audio file", "audio files", "audio/*"],
  ["recording", "recordings", "audio/*"],
  ["mp3", "mp3s", "audio/mpeg"],
  ["wav file", "wav files", "audio/wav"],
  ["text file", "text files", "text/plain"],
  ["txt file", "txt files", "text/plain"],
  ["csv file", "csv files", "text/csv"],
  ["CSV", "CSVs", "text/csv"],
  ["html page", "html pages", "text/html"],
  ["markdown file", "markdown files", "text/markdown"],
  ["PDF", "PDFs", "application/pdf"],
  ["pdf document", "pdf documents", "application/pdf"],
  ["pdf file", "pdf files", "application/pdf"],
  ["json file", "json files", "application/json"],
  ["zip archive", "zip archives", "application/zip"],
  ["zip file", "zip files", "application/zip"],
  ["word document", "word documents", "application/msword"],
  ["Word file", "Word files", "application/msword"],
  ["spreadsheet", "spreadsheets", "application/vnd.ms-excel"],
  ["excel sheet", "excel sheets", "application/vnd.ms-excel"],
  ["powerpoint", "powerpoints", "application/vnd.ms-powerpoint"],
  ["slide deck", "slide decks", "application/vnd.ms-powerpoint"],
];

const ANY: [one: string, many: string, mime: string][] = [
  ["file", "files", "*/*"],
  ["file of any type", "files of any type", "*/*"],
];

/** Types a user creates, with the extension that names of such files may carry. */
const NEW: [text: string, mime: string, extension: string][] = [
  ["text file", "text/plain", "txt"],
  ["txt file", "text/plain", "txt"],
  ["PDF", "application/pdf", "pdf"],
  ["pdf document", "application/pdf", "pdf"],
  ["csv file", "text/csv", "csv"],
  ["markdown file", "text/markdown", "md"],
  ["html page", "text/html", "html"],
  ["json file", "application/json", "json"],
  ["word document", "application/msword", "doc"],
  ["Word file", "application/msword", "doc"],
  ["spreadsheet", "application/vnd.ms-excel", "xls"],
  ["excel sheet", "application/vnd.ms-excel", "xls"],
  ["powerpoint", "application/vnd.ms-powerpoint", "ppt"],
  ["slide deck", "application/vnd.ms-powerpoint", "ppt"],
  ["PNG", "image/png", "png"],
  ["zip archive", "application/zip", "zip"],
];

const article = (noun: string): string => (/^([aeiou]|mp\d|html)/i.test(noun) ? "an" : "a");

/** One file of a type, without an article: "pdf file". */
export const fileType: Slot = derived([...TYPES, ...ANY].map(([one, , mime]) => [one, mime]));

/** One file with its article: "an image". */
export const aFileType: Slot = derived([...TYPES, ...ANY].map(([one, , mime]) => [`${article(one)} ${one}`, mime]));

/** Several files: "pdf files". */
export const fileTypes: Slot = derived([...TYPES, ...ANY].map(([, many, mime]) => [many, mime]));

/** A type of new file with its article: "a text file". */
export const newFileType: Slot = derived(NEW.map(([text, mime]) => [`${article(text)} ${text}`, mime]));

/** The same without an article. */
export const newFileNoun: Slot = derived(NEW.map(([text, mime]) => [text, mime]));

/** A file name whose extension tells the type: the name is copied, `mime` follows from the extension. */
export const fileName: Slot = (context) => {
  const [, mime, extension] = context.random.pick(NEW);
  const stem = fileStem(context).text.replace(/ /g, context.random.pick(["_", "-", "_"]));
  const text = `${stem}.${extension}`;
  return { text, copy: text, value: { mime } };
};
