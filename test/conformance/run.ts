/**
 * `pnpm conformance`: TUF's public client conformance suite against ./client. Arguments go to pytest.
 *
 *     DTUF_CONFORMANCE_SUITE   a checkout of theupdateframework/tuf-conformance
 *     DTUF_PEER_PYTHON         a python that has the suite's dependencies (default python3)
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const suite = process.env["DTUF_CONFORMANCE_SUITE"] ?? "";
const python = process.env["DTUF_PEER_PYTHON"] ?? "python3";

/** What the suite cannot do without; each with how this machine shows that it has it. */
const needs: readonly (readonly [what: string, find: () => string])[] = [
  ["the suite (DTUF_CONFORMANCE_SUITE)", () => say("git", ["-C", suiteDirectory(), "describe", "--always", "--tags"])],
  ["python-tuf and pytest (DTUF_PEER_PYTHON)", () => say(python, ["-c", versions])],
  ["faketime", () => say("faketime", ["--version"])],
];

const versions =
  "import tuf, pytest, pytest_jsonreport; print('python-tuf', tuf.__version__, 'pytest', pytest.__version__)";

function suiteDirectory(): string {
  if (suite !== "" && existsSync(join(suite, "tuf_conformance"))) return suite;
  throw new TypeError("no such directory");
}

function say(program: string, words: readonly string[]): string {
  const text = execFileSync(program, words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return text.trim().split("\n", 1)[0] ?? "";
}

function has([what, find]: (typeof needs)[number]): boolean {
  try {
    console.log(`${what}: ${find()}`);
    return true;
  } catch {
    console.log(`${what}: not found`);
    return false;
  }
}

if (needs.map(has).includes(false)) {
  console.log("The suite was not run.");
  process.exitCode = 1;
} else {
  const client = join(import.meta.dirname, "client");
  const words = ["-m", "pytest", "tuf_conformance", "--entrypoint", client, ...process.argv.slice(2)];
  process.exitCode = spawnSync(python, words, { cwd: suite, stdio: "inherit" }).status ?? 1;
}
