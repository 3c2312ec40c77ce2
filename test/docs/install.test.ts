/** docs/install.md: the units are files that systemd reads, and their commands are commands. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createMachine, publishDemo, type Machine } from "../cli/machine.ts";
import { root } from "../structure/sources.ts";

const page = await readFile(join(root, "docs/install.md"), "utf8");
const units = [...page.matchAll(/```ini\n([^]*?)```/g)].map(([, text = ""]) => text);

interface Unit {
  readonly kind: "service" | "timer";
  readonly lines: ReadonlyMap<string, string>;
}

function parseUnit(text: string): Unit {
  const lines = new Map<string, string>();
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const [, name, value] = /^(?:\[\w+\]|(\w+)=(.*))$/.exec(line) ?? expect.fail(`no line of a unit: ${line}`);
    if (name !== undefined) lines.set(name, value ?? "");
  }
  return { kind: text.includes("[Timer]") ? "timer" : "service", lines };
}

describe("the units of docs/install.md", () => {
  let machine: Machine;

  beforeEach(async () => {
    machine = await createMachine();
  });
  afterEach(() => machine[Symbol.asyncDispose]());

  test("are two services and a timer", () => {
    expect(units.map((unit) => parseUnit(unit).kind)).toEqual(["service", "timer", "service"]);
  });

  test("start commands that do what the page says", async () => {
    await publishDemo(machine, "fred/demo", "one");
    await writeFile(join(machine.directory, "root.json"), (await machine.must(["get-root", "fred/demo"])).bytes);
    await machine.must(["push-metadata", "fred/demo", "--record-out", "demo.record"]);
    for (const unit of units.map(parseUnit).filter(({ kind }) => kind === "service")) {
      const [program, ...words] = (unit.lines.get("ExecStart") ?? "").split(" ");
      expect(program).toBe("/usr/local/bin/dtuf");
      const here = words.map((word) =>
        word.replace("registry.example.com/", "").replace("/etc/dtuf/", "").replace("/var/lib/dtuf/", ""),
      );
      await machine.must(here);
    }
    expect(await readFile(join(machine.directory, "files/demo.txt"), "utf8")).toBe("one");
  });

  test("are files that systemd accepts, if it is here", async () => {
    const directory = await mkdtemp(join(tmpdir(), "dtuf-units-"));
    try {
      const names = ["dtuf-pull.service", "dtuf-pull.timer", "dtuf-refresh.service"];
      for (const [at, name] of names.entries()) {
        const text = (units[at] ?? "").replaceAll("/usr/local/bin/dtuf", "/bin/true").replace("User=dtuf\n", "");
        await writeFile(join(directory, name), text);
      }
      const words = ["verify", "--man=no", ...names.map((name) => join(directory, name))];
      const verified = await promisify(execFile)("systemd-analyze", words).catch((error: unknown) => error);
      const isMissing = verified instanceof Error && "code" in verified && verified.code === "ENOENT";
      if (!isMissing) expect(verified).not.toBeInstanceOf(Error);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
