// Public names of handheld/remote: jobs that run on other devices, and the ways there. For Node; a page's end is in page/.
// See docs/devices.md.
export { type CostOnOptions, costOn } from "./cost-on.ts";
export type { Device, JobEvent, RunOptions } from "./device.ts";
export { DeviceError, type DeviceProblem } from "./errors.ts";
export { defineJob, type Job, type JobTools } from "./job.ts";
export { type JobName, type JobParams, type JobResult, jobs, runJob } from "./jobs.ts";
export { createLocalDevice } from "./local.ts";
export type { AdbOptions } from "./node/adb/device.ts";
export { isDeviceName, type OpenDeviceOptions, openDevice } from "./node/open.ts";
export { createPhoneServer, type Invitation, type PhoneServer, type PhoneServerOptions } from "./node/phone/server.ts";
export { qrCode } from "./node/qr.ts";
export type { SshOptions } from "./node/ssh/connect.ts";
export { type CalibrateOnOptions, calibrateOn, type VerifyOnOptions, verifyOn } from "./search-on.ts";
