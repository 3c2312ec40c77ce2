/** Archives of every format: unpacked alike, and refused alike if they are hostile, too large, or changed after they were staged. */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, realpath, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Agent, InstallPlace } from "@dtuf/agent";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { archiveOf, formatNames, patchTable, type Entry, type Format } from "./archive-bytes.ts";
import { createAgentScene, installNewest, stageNewest, type AgentScene } from "./scene.ts";

let scene: AgentScene;
beforeEach(async () => {
  scene = await createAgentScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const slots = (): string => join(scene.home, "device");
const place = (limits: object = { unpackedMaxBytes: 10_000 }): InstallPlace => ({
  ...{ kind: "archive", directory: slots(), ...limits },
});
const current = async (): Promise<string> => join(slots(), (await readFile(join(slots(), "current"), "utf8")).trim());

describe.each(formatNames)("a %s", (format) => {
  test("is unpacked with its directories, links and programs, and the version before it can come back", async () => {
    const entries: readonly Entry[] = [
      { name: "lib", type: "directory" },
      { name: "lib/ä.txt", content: "text", mode: 0o6644 },
      { name: "bin/app", content: "one".repeat(1000) },
      { name: "app", type: "symlink", linkname: "bin/app" },
      { name: "lib/app", type: "symlink", linkname: "../bin/app" },
    ];
    await scene.publish("1.0.0", await archiveOf(format, entries));
    const agent = scene.agent({ install: place() });
    await installNewest(agent);
    expect(await readFile(join(await current(), "lib", "app"), "utf8")).toBe("one".repeat(1000));
    expect(await readFile(join(await current(), "lib", "ä.txt"), "utf8")).toBe("text");
    const modes = await Promise.all(["bin/app", "lib/ä.txt"].map(async (name) => stat(join(await current(), name))));
    expect(modes.map(({ mode }) => mode & 0o7111)).toEqual([0o111, 0]);
    await scene.publish("1.1.0", await archiveOf(format, [{ name: "app", content: "two" }]));
    await installNewest(agent);
    expect(await readFile(join(await current(), "app"), "utf8")).toBe("two");
    await agent.revert();
    expect(await readFile(join(await current(), "app"), "utf8")).toBe("one".repeat(1000));
  });

  test.each<[string, readonly Entry[]]>([
    ["a name that climbs out", [{ name: "../outside", content: "x" }]],
    ["a name that climbs out later", [{ name: "a/../../outside", content: "x" }]],
    ["a name from the root", [{ name: "/tmp/outside", content: "x" }]],
    ["a name of Windows' that climbs out", [{ name: "..\\outside", content: "x" }]],
    ["a drive of Windows", [{ name: "c:outside", content: "x" }]],
    ["a device of Windows", [{ name: "lib/aux.txt", content: "x" }]],
    ["a link out of it", [{ name: "a", type: "symlink", linkname: "../../outside" }]],
    ["a link to the root", [{ name: "a", type: "symlink", linkname: "/etc" }]],
    [
      "a link that leaves by way of another link",
      [
        { name: "top", type: "directory" },
        { name: "a/b/c/up", type: "symlink", linkname: "../../../top" },
        { name: "out", type: "symlink", linkname: "a/b/c/up/../../outside" },
      ],
    ],
    [
      "a file below a link",
      [
        { name: "a", type: "symlink", linkname: "b" },
        { name: "a/c", content: "x" },
      ],
    ],
    [
      "a link over a directory that has files",
      [
        { name: "a/c", content: "x" },
        { name: "a", type: "symlink", linkname: "b" },
      ],
    ],
    ["a pipe", [{ name: "a", type: "fifo" }]],
    ["a file in place of the slot", [{ name: ".", content: "x" }]],
    ["a name of many directories", [{ name: `${"a/".repeat(10_000)}x`, content: "x" }]],
    ...[
      ["in other cases", "a", "A"],
      ["in another normal form of Unicode", "caf\u00e9", "cafe\u0301"],
      ["with a letter that has no case of its own", "\u017fetup", "setup"],
      ["with a character that is not visible", "setup", "se\u200dtup"],
    ].map(([how, first = "", second = ""]): [string, readonly Entry[]] => [
      `a name twice, ${how}`,
      [
        { name: first, content: "x" },
        { name: second, content: "y" },
      ],
    ]),
    ["more bytes than are allowed", [{ name: "a", content: "x".repeat(10_001) }]],
    ["a bomb", [{ name: "a", content: Buffer.alloc(20_000_000) }]],
  ])("with %s is refused, nothing of it is left, and the installed version stays", async (_what, entries) => {
    await scene.publish("1.0.0", await archiveOf(format, [{ name: "app", content: "one" }]));
    const agent = scene.agent({ install: place() });
    await installNewest(agent);
    await scene.publish("1.1.0", await archiveOf(format, entries));
    await stageNewest(agent);
    await expectRefused(agent.apply(), "AGENT_ARCHIVE_INVALID", { security: true, retryable: false });
    await expectOnly("one");
    expect((await agent.pending()).pending).toBe(undefined);
  });

  test("that ends too early, or has more entries and directories than are allowed, is refused", async () => {
    const whole = await archiveOf(
      format,
      ["a", "b", "c"].map((name) => ({ name, content: name.repeat(700) })),
    );
    await scene.publish("1.0.0", whole.subarray(0, Math.floor(whole.length * 0.6)));
    await stageNewest(scene.agent({ install: place() }));
    await expectRefused(scene.agent({ install: place() }).apply(), "AGENT_ARCHIVE_INVALID");
    await scene.publish("1.0.1", whole);
    await scene.publish("1.0.2", await archiveOf(format, [{ name: "without/an/entry/of/their/own", content: "x" }]));
    for (const version of ["1.0.2", "1.0.1"]) {
      const few = scene.agent({ install: place({ entriesMax: 2 }) });
      await stageNewest(few);
      await expectRefused(few.apply(), "AGENT_ARCHIVE_INVALID");
      await scene.publish(version, whole, { revoked: true });
    }
  });
});

test.each(formatNames)("a %s whose content fails while its directories are still made is refused", async (format) => {
  const whole = await archiveOf(format, [{ name: `${"d/".repeat(60)}app`, content: randomBytes(3_000_000) }]);
  const size = Buffer.from([1, 0, 0, 0]);
  const bad = format === "zip" ? patchTable(whole, 24, size) : whole.subarray(0, Math.floor(whole.length * 0.9));
  await scene.publish("1.0.0", bad);
  const agent = scene.agent({ install: place({}) });
  await stageNewest(agent);
  await expectRefused(agent.apply(), "AGENT_ARCHIVE_INVALID");
  expect(await readdir(join(slots(), "slots"))).toEqual([]);
});

/** The first version alone is there, whole, and nothing was written beside the slots. */
async function expectOnly(content: string): Promise<void> {
  expect(await readFile(join(await current(), "app"), "utf8")).toBe(content);
  expect((await readdir(join(slots(), "slots"))).length).toBe(2);
  expect((await readdir(slots())).toSorted()).toEqual(["current", "slots", "staging"]);
  expect((await readdir(scene.home)).toSorted()).toEqual(["agent", "bin", "copy", "device"]);
}

test.each<[string, number, Buffer]>([
  ["is encrypted", 8, Buffer.from([1, 8])],
  ["is packed in a way that is not known", 10, Buffer.from([99, 0])],
  ["has another size than its table says", 24, Buffer.from([1, 0, 0, 0])],
  ["begins beyond the end of the archive", 42, Buffer.from([0xff, 0xff, 0xff, 0x7f])],
])("a zip with an entry that %s is refused", async (_what, offset, value) => {
  const zip = await archiveOf("zip", [{ name: "app", content: "one".repeat(500) }]);
  await scene.publish("1.0.0", patchTable(zip, offset, value));
  const agent = scene.agent({ install: place() });
  await stageNewest(agent);
  await expectRefused(agent.apply(), "AGENT_ARCHIVE_INVALID");
  expect(await readdir(join(slots(), "slots"))).toEqual([]);
});

test.each<[Format, () => Promise<Buffer>]>([
  ["tar", async () => (await archiveOf("tar", [{ name: "app", content: "one" }])).subarray(0, 1024)],
  [
    "zip",
    async () => {
      const entries = Array.from({ length: 4000 }, (_, at) => ({ name: `file-${at}`, content: "x".repeat(50) }));
      return patchTable(await archiveOf("zip", entries), 24, Buffer.from([0, 0, 0, 0xf0]));
    },
  ],
])(
  "a %s that says that it needs more than the disk has is refused before a byte of it is written",
  async (format, make) => {
    const bytes = await make();
    await scene.publish("1.0.0", format === "tar" ? withHugeFile(bytes) : bytes);
    const agent = scene.agent({ install: place({ unpackedMaxBytes: Number.MAX_SAFE_INTEGER }) });
    await stageNewest(agent);
    await expectRefused(agent.apply(), "FILE_NO_SPACE");
    expect(await readdir(join(slots(), "slots"))).toEqual([]);
    expect((await agent.pending()).pending?.phase).toBe("staged");
  },
);

/** A tar whose only file has 2^50 bytes, by its header. */
function withHugeFile(tar: Buffer): Buffer {
  const patched = Buffer.from(tar);
  patched.fill(0, 124, 136);
  patched[124] = 0x80;
  patched.writeUIntBE(2 ** 50 / 2 ** 8, 129, 6);
  patched.fill(" ", 148, 156);
  const sum = patched.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  patched.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return patched;
}

describe("a link that was planted", () => {
  let agent: Agent;
  const victim = (): string => join(scene.home, "victim");

  beforeEach(async () => {
    await scene.publish("1.0.0", await archiveOf("tar", [{ name: "app", content: "one" }]));
    agent = scene.agent({ install: place() });
    await installNewest(agent);
    await scene.publish("1.1.0", await archiveOf("tar", [{ name: "app", content: "two" }]));
    await mkdir(victim());
    await writeFile(join(victim(), "file"), "untouched");
  });
  async function expectUntouched(): Promise<void> {
    expect(await readdir(victim())).toEqual(["file"]);
    expect(await readFile(join(victim(), "file"), "utf8")).toBe("untouched");
    expect(await readFile(join(await current(), "app"), "utf8")).toBe("one");
  }

  test("instead of the staged archive is not followed", async () => {
    await stageNewest(agent);
    const [staged = ""] = await readdir(join(slots(), "staging"));
    await rename(join(slots(), "staging", staged), join(scene.home, "moved"));
    await symlink(join(scene.home, "moved"), join(slots(), "staging", staged));
    await expectRefused(agent.apply(), "FILE_NOT_REGULAR");
    await expectUntouched();
  });

  test.each(["slots", "staging"])("instead of the directory %s is not followed", async (name) => {
    await stageNewest(agent);
    await rename(join(slots(), name), join(slots(), `${name}.real`));
    await symlink(victim(), join(slots(), name));
    await expectRefused(agent.apply(), "FILE_NOT_REGULAR");
    await rm(join(slots(), name));
    await rename(join(slots(), `${name}.real`), join(slots(), name));
    await expectUntouched();
  });

  test("at the name of the new slot is removed, and nothing is written through it", async () => {
    await stageNewest(agent);
    const { pending } = await agent.pending();
    const slot = join(slots(), "slots", pending?.sha256 ?? "");
    await symlink(victim(), `${slot}.new`);
    await symlink(victim(), slot);
    await agent.apply();
    expect(await realpath(slot)).toBe(
      await realpath(slots()).then((real) => join(real, "slots", pending?.sha256 ?? "")),
    );
    await agent.revert();
    await expectUntouched();
  });
});

describe.runIf(process.getuid?.() === 0)("an updater that runs as root", () => {
  test.each([["device/staging"], ["device"], ["."], ["agent"]])(
    "installs nothing in a directory that others may write to, or that is below one: %s",
    async (name) => {
      await scene.publish("1.0.0", await archiveOf("tar", [{ name: "app", content: "one" }]));
      const directory = join(scene.home, name);
      await mkdir(directory, { recursive: true });
      await chmod(directory, 0o777);
      await expectRefused(stageNewest(scene.agent({ install: place() })), "AGENT_PLACE_UNSAFE", { security: true });
      await chmod(directory, 0o700);
      await stageNewest(scene.agent({ install: place() }));
    },
  );
});
