/** docs/install.md: the units have settings that systemd knows, and their commands are run. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
    const found = /^(?:\[\w+\]|(\w+)=(.*))$/.exec(line);
    if (found === null) throw new Error(`no line of a unit: ${line}`);
    const [, name, value = ""] = found;
    if (name !== undefined) lines.set(name, value);
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

  test.each(units)("have only settings of their kind", (text) => {
    const { lines } = parseUnit(text);
    expect([...lines.keys()].filter((name) => !known.has(name))).toEqual([]);
  });
});

/** systemd.unit(5), systemd.service(5), systemd.timer(5), systemd.exec(5): those that the page uses. */
const known: ReadonlySet<string> = new Set([
  ...["Description", "Wants", "After", "WantedBy"],
  ...["Type", "DynamicUser", "User", "StateDirectory", "WorkingDirectory", "Environment", "EnvironmentFile"],
  ...["ExecStart", "NoNewPrivileges", "ProtectSystem", "SuccessExitStatus"],
  ...["OnCalendar", "RandomizedDelaySec", "Persistent"],
]);
