import { execFileSync, spawn } from "node:child_process";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { expect, test } from "vitest";
import { findNamedFile } from "./named-file.ts";

const directory = useDirectory();
const { signal } = new AbortController();
test("follows a link to a file, and a missing one is undefined", async () => {
  await writeFile(join(directory, "file"), "12345");
  await symlink("file", join(directory, "link"));
  expect(String(await findNamedFile(join(directory, "link"), { maxBytes: 5, signal }))).toBe("12345");
  expect(await findNamedFile(join(directory, "no"), { maxBytes: 5, signal })).toBeUndefined();
});

test("a pipe with a name of its own and a device are refused and not waited on", async () => {
  execFileSync("mkfifo", [join(directory, "pipe")]);
  for (const path of [join(directory, "pipe"), "/dev/zero"]) {
    await expectRefused(findNamedFile(path, { maxBytes: 5, signal }), "FILE_NOT_REGULAR");
  }
});

/** Reads `<(…)` of a shell in a process of its own, and prints the result. */
function readSubstitution(writer: string, maxBytes: number, abortAfterMs: number): Promise<string> {
  const url = new URL("named-file.ts", import.meta.url).href;
  const code = `
    const { findNamedFile } = await import(${JSON.stringify(url)});
    const signal = AbortSignal.timeout(${abortAfterMs});
    const read = findNamedFile(process.argv[1], { maxBytes: ${maxBytes}, signal });
    console.log(await read.then(String, (error) => error.code + " " + error.name));`;
  const shell = `exec "$0" --input-type=module -e "$1" <(${writer})`;
  const child = spawn("bash", ["-c", shell, process.execPath, code], { stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((done) => {
    let text = "";
    child.stdout.on("data", (chunk) => (text += String(chunk)));
    child.on("close", () => {
      done(text.trim());
    });
  });
}

test("the pipe of a process substitution is read to its end, though its writer is slow", async () => {
  expect(await readSubstitution("printf 12; sleep 0.2; printf 345", 5, 60_000)).toBe("12345");
});

test("the pipe of a process substitution is bounded", async () => {
  expect(await readSubstitution("cat /dev/zero", 100_000, 60_000)).toBe("FILE_TOO_LARGE FileError");
});

test("the wait for the writer of a process substitution ends with the signal", async () => {
  // Ends when the reader has ended.
  expect(await readSubstitution("tail -f /dev/null --pid $$", 5, 300)).toMatch(/TimeoutError$/);
});
