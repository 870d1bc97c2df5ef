// Public names of handheld/devices: what a device is, how fast it is, and what energy it uses.
export * from "./energy/android.ts";
export * from "./energy/meter.ts";
export * from "./machine.ts";
export * from "./probe.ts";
export * from "./profile.ts";
export * from "./temperature.ts";
