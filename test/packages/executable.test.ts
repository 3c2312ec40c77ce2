/** The single executable and its container image, on a system without Node. */
import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { parseManifest, parseTag } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { buildExecutable, type Executable } from "../../release/executable.ts";
import { buildImage } from "../../release/image.ts";

const run = promisify(execFile);
const directory = useDirectory("all tests");
let executable: Executable;

beforeAll(async () => {
  const path = join(directory, "dtuf");
  executable = await buildExecutable({ node: process.execPath, runs: "here", path });
}, 180_000);

const passphrases = Object.fromEntries(
  ["ROOT", "TARGETS", "SNAPSHOT", "TIMESTAMP"].map((role) => [`DTUF_${role}_KEY_PASSWORD`, ""]),
);

/** Nothing but the executable is found: PATH is a directory that does not exist. */
async function start(file: string, words: readonly string[]): Promise<string> {
  const env = { PATH: join(directory, "nowhere"), HOME: directory, ...passphrases };
  return (await run(file, words, { cwd: directory, env })).stdout;
}

describe("the executable", () => {
  test("publishes and pulls on a system without Node", async () => {
    await writeFile(join(directory, "demo.txt"), "Hello World\n");
    expect(await start(executable.path, ["--version"])).toMatch(/^\d+\.\d+\.\d+\n$/);
    await start(executable.path, ["init", "fred/demo"]);
    await start(executable.path, ["publish", "fred/demo", "demo.txt"]);
    await start(executable.path, ["pull", "fred/demo", "--root", "root.json", "--output", "pulled/"]);
    expect(await readFile(join(directory, "pulled/demo.txt"), "utf8")).toBe("Hello World\n");
  });

  test("has its digest beside it, as sha256sum reads it", async () => {
    expect(await readFile(`${executable.path}.sha256`, "utf8")).toBe(`${executable.sha256}  dtuf\n`);
    await run("sha256sum", ["--check", "dtuf.sha256"], { cwd: directory });
  });

  test("is the program dxf if its file is called so", async () => {
    await copyFile(executable.path, join(directory, "dxf"));
    expect(await start(join(directory, "dxf"), ["list-aliases", "fred/demo"])).toContain("latest");
  });

  test("says that it has no keychain", async () => {
    const words = ["login", "--keychain", "localhost:1", "--username", "x", "--password-stdin"];
    const failure = await start(executable.path, words).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 13,
      stderr: expect.stringContaining("OCI_CREDENTIALS_UNAVAILABLE") as string,
    });
  });
});

describe("the container image", () => {
  test("is the same bytes if it is built again", async () => {
    const first = await buildImage("/bin/true", join(directory, "first"));
    expect(await buildImage("/bin/true", join(directory, "again"))).toBe(first);
  });

  test("runs with nothing else in its file system", async () => {
    const layout = join(directory, "image");
    await buildImage(executable.path, layout, 1);
    const found = await createLayoutStore({ directory: layout }).resolve(parseTag("latest"), { want: "bytes" });
    const manifest = parseManifest(found?.bytes ?? new Uint8Array());
    const [layer] = "layers" in manifest ? manifest.layers : [];
    const unpacked = join(directory, "unpacked");
    await mkdir(unpacked);
    const blob = join(layout, "blobs/sha256", layer?.digest.slice("sha256:".length) ?? "");
    await run("tar", ["-xzf", blob, "-C", unpacked, "--no-same-owner"]);
    const words = ["/usr/sbin/chroot", unpacked, "/usr/bin/dtuf", "--version"];
    const ran = process.getuid?.() === 0 ? run("env", words) : run("unshare", ["-r", ...words]);
    expect((await ran).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
