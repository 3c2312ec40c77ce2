/** The executable for another processor, under an emulator: it publishes and pulls. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildFor } from "../../release/executable.ts";
import type { Peers } from "../../bench/peers.ts";
import type { Outcome } from "./outcome.ts";

const run = promisify(execFile);
const install = "apt-get install --no-install-recommends qemu-user-static libstdc++6-arm64-cross";
/** The C and C++ libraries of Debian's packages for that processor; DTUF_PEER_ARM64 names another place. */
const libraries = process.env["DTUF_PEER_ARM64"] ?? "/usr/aarch64-linux-gnu";

export async function runForeign(peers: Peers): Promise<Outcome> {
  const peer = peers.find("qemu-aarch64-static");
  if (peer === undefined || !existsSync(libraries)) return { kind: "missing", peer: "qemu-aarch64-static", install };
  const home = await mkdtemp(join(tmpdir(), "dtuf-foreign-"));
  const executable = join(home, "dtuf");
  const passphrases = ["ROOT", "TARGETS", "SNAPSHOT", "TIMESTAMP"].map((role) => [`DTUF_${role}_KEY_PASSWORD`, ""]);
  const env = { HOME: home, ...Object.fromEntries(passphrases) };
  const dtuf = (...words: readonly string[]) =>
    run(peer.path, ["-L", libraries, executable, ...words], { cwd: home, env });
  try {
    await buildFor("linux-arm64", executable);
    await writeFile(join(home, "demo.txt"), "Hello World\n");
    await dtuf("init", "fred/demo");
    await dtuf("publish", "fred/demo", "demo.txt");
    await dtuf("pull", "fred/demo", "--root", "root.json", "--output", "pulled/");
    const pulled = await readFile(join(home, "pulled/demo.txt"), "utf8");
    const faults = pulled === "Hello World\n" ? [] : [`pulled ${JSON.stringify(pulled)}`];
    return {
      kind: "ran",
      peer: `qemu-aarch64-static ${peer.version}`,
      did: "published and pulled with dtuf-linux-arm64",
      faults,
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
