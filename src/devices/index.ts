// Public names of handheld/devices: what a device is and how fast it is.
export * from "./machine.ts";
export * from "./probe.ts";
export * from "./profile.ts";
