/** README.md and docs/quickstart.md as their readers type them: one real shell, the real program, no registry, no setting but passphrases. */
import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { expect, test } from "vitest";
import { root } from "../structure/sources.ts";
import { findReason } from "./not-run.ts";
import { readPage } from "./pages.ts";
import { linesOf } from "./typist.ts";

const directory = useDirectory();

test("docs/quickstart.md, pasted into a shell, ends as it says", async () => {
  expect(await paste("docs/quickstart.md")).toMatch(/^version 1\nversion 2\nversion 2\nplace: /);
  expect(await readFile(join(directory, "client/root.json"), "utf8")).toContain('"_type":"root"');
});

test("the five minutes of README.md, pasted into a shell in an empty directory, end with the file on the client", async () => {
  await paste("README.md");
  expect(await readFile(join(directory, "client/files/demo.txt"), "utf8")).toBe("Hello World\n");
});

/** @returns what was printed */
async function paste(page: string): Promise<string> {
  const shell = readPage(page).blocks.filter(({ language }) => language === "sh");
  const lines = linesOf(shell.map(({ text }) => text))
    .filter(({ command }) => findReason(command) === undefined)
    .map(({ command, exit }) => (exit === 0 ? command : `${command} && exit 99 || [ $? -eq ${exit} ]`));
  const program = join(root, "packages/cli/src/bin/dtuf.ts");
  const bin = join(directory, "bin");
  await mkdir(bin);
  await writeFile(
    join(bin, "dtuf"),
    `#!/bin/sh\nexec "${process.execPath}" --conditions=@dtuf/source "${program}" "$@"\n`,
  );
  await chmod(join(bin, "dtuf"), 0o755);
  const env = { PATH: `${bin}:${process.env["PATH"] ?? ""}`, HOME: directory, ...passphrases };
  const script = ["set -e", ...lines].join("\n");
  const { stdout } = await promisify(execFile)("bash", ["--norc", "-c", script], { cwd: directory, env });
  return stdout;
}

const passphrases = Object.fromEntries(
  ["ROOT", "TARGETS", "SNAPSHOT", "TIMESTAMP"].map((role) => [`DTUF_${role}_KEY_PASSWORD`, ""]),
);
