/**
 * Draws the pictures of the status page: a repository made by the commands of this checkout, in a real browser.
 *
 *     pnpm docs:status
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { startChromium } from "@dtuf/testing/machines/debian-chromium";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../../..");
const program = join(root, "packages/cli/src/bin/dtuf.ts");
const directory = await mkdtemp(join(tmpdir(), "dtuf-pictures-"));
const passphrases = ["ROOT_KEY", "TARGETS_KEY", "SNAPSHOT_KEY", "TIMESTAMP_KEY", "KEY"];
const environment = {
  PATH: process.env["PATH"] ?? "",
  HOME: directory,
  DTUF_HOST: "oci:registry",
  ...Object.fromEntries(passphrases.map((name) => [`DTUF_${name}_PASSWORD`, ""])),
};

async function dtuf(line: string): Promise<void> {
  const words = ["--conditions=@dtuf/source", program, ...line.split(" ")];
  await run(process.execPath, words, { cwd: directory, env: environment });
}

async function makeRepository(): Promise<void> {
  for (const [name, size] of [
    ["app-1.3.tgz", 48_213],
    ["app-1.4.tgz", 51_872],
    ["notes.txt", 2048],
    ["hammer", 9120],
  ] as const) {
    await writeFile(join(directory, name), Buffer.alloc(size, name));
  }
  for (const line of [
    "create-root-key acme/tools",
    "create-metadata-keys acme/tools",
    "create-key keys/alice",
    "create-key keys/bob",
    "create-metadata acme/tools",
    "set-periods acme/tools timestamp 3 1",
    "set-periods acme/tools snapshot 14 5",
    "add-key acme/tools root file2:keys/alice --owner alice",
    "add-key acme/tools root file2:keys/bob --owner bob",
    "push-target acme/tools app-1.3.tgz app-1.3.tgz",
    "push-metadata acme/tools --signer file2:keys/alice --signer file2:keys/bob",
    "delegate-role acme/tools builds --path builds/* --terminating --key keys/alice.pub --signer file2:keys/alice",
    "push-metadata acme/tools",
    "delegate-role acme/tools nightly --path builds/nightly-* --key keys/bob.pub --signer file2:keys/bob",
    "push-target acme/tools app-1.4.tgz app-1.4.tgz --custom channel=stable",
    "push-target acme/tools notes.txt notes.txt",
    "push-metadata acme/tools",
    "status acme/tools --html status.html",
  ]) {
    await dtuf(line);
  }
}

try {
  await makeRepository();
  await using chromium = await startChromium({ cacheDirectory: join(root, ".cache/debian") });
  const file = join(directory, "status.html");
  const page = await readFile(file, "utf8");
  // A name that says more to a reader than where this run lay.
  await writeFile(file, page.replaceAll(`oci:${join(directory, "registry")}`, "registry.example.com"));
  const url = pathToFileURL(file).href;
  for (const scheme of ["light", "dark"] as const) {
    const shown = await chromium.open(url, { width: 900, height: 990, scheme, scripts: "off" });
    const picture = await shown.screenshot();
    await writeFile(join(root, "docs/pictures", `status-${scheme}.png`), picture);
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
