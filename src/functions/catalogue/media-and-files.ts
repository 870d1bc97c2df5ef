// Cameras, sounds and documents of the Android catalogue.

import type { FunctionSchema, ParameterSchema } from "../types.ts";

/** File types that the catalogue knows; `*` stands for a whole family. */
export const MIME_TYPES = [
  "*/*",
  "image/*",
  "image/jpeg",
  "image/png",
  "image/gif",
  "video/*",
  "video/mp4",
  "audio/*",
  "audio/mpeg",
  "audio/wav",
  "text/plain",
  "text/csv",
  "text/html",
  "text/markdown",
  "application/pdf",
  "application/json",
  "application/zip",
  "application/msword",
  "application/vnd.ms-excel",
  "application/vnd.ms-powerpoint",
] as const;

const MIME_TYPE: ParameterSchema = { type: "string", description: "MIME type of the file.", enum: [...MIME_TYPES] };
const MULTIPLE: ParameterSchema = { type: "boolean", description: "true when several may be chosen." };

export const MEDIA_AND_FILE_FUNCTIONS: readonly FunctionSchema[] = [
  {
    name: "open_camera",
    description: "Opens the camera app for photos and leaves the rest to the user.",
    parameters: { type: "object", properties: {} },
  },
  {
    name: "open_video_camera",
    description: "Opens the camera app in video mode and leaves the rest to the user.",
    parameters: { type: "object", properties: {} },
  },
  {
    name: "capture_photo",
    description: "Takes one picture and returns it.",
    parameters: { type: "object", properties: {} },
    returns: { type: "string", description: "URI of the picture.", format: "uri" },
  },
  {
    name: "capture_video",
    description: "Records one video and returns it.",
    parameters: { type: "object", properties: {} },
    returns: { type: "string", description: "URI of the video.", format: "uri" },
  },
  {
    name: "get_ringtone",
    description: "Lets the user choose a ringtone.",
    parameters: { type: "object", properties: {} },
    returns: { type: "string", description: "URI of the sound.", format: "uri" },
  },
  {
    name: "get_content",
    description: "Lets the user choose files of one type, to hand a copy to another function.",
    parameters: {
      type: "object",
      properties: { mime_type: MIME_TYPE, allow_multiple: MULTIPLE },
      required: ["mime_type"],
    },
    returns: { type: "array", description: "URIs of the chosen files.", items: { type: "string", format: "uri" } },
  },
  {
    name: "open_document",
    description: "Opens existing documents of one or more types, with lasting access.",
    parameters: {
      type: "object",
      properties: {
        mime_types: { type: "array", description: "MIME types offered.", items: MIME_TYPE },
        allow_multiple: MULTIPLE,
      },
      required: ["mime_types"],
    },
    returns: { type: "array", description: "URIs of the opened documents.", items: { type: "string", format: "uri" } },
  },
  {
    name: "create_document",
    description: "Creates an empty document where the user chooses.",
    parameters: {
      type: "object",
      properties: {
        mime_type: MIME_TYPE,
        initial_name: { type: "string", description: "Suggested file name.", extractive: true },
      },
      required: ["mime_type", "initial_name"],
    },
    returns: { type: "string", description: "URI of the new document.", format: "uri" },
  },
];
