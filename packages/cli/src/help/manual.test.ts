import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandGroups } from "../table.ts";
import { createManual, createManualPage } from "./manual.ts";

const directory = join(import.meta.dirname, "../../man");
const pages = new Map([...createManual("dtuf", commandGroups), ...createManual("dxf", commandGroups)]);

/** `pnpm reference` sets this. */
if (process.env["DTUF_WRITE_REFERENCE"] === "1") {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const [name, page] of pages) writeFileSync(join(directory, name), page);
}

test("man/ holds what the tables say: if not, run pnpm reference", () => {
  const kept = readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), "utf8")] as const);
  expect(Object.fromEntries(kept)).toEqual(Object.fromEntries(pages));
});

test("no line of a page begins with a request that no page has", () => {
  const requests = [...pages.values()].flatMap((page) => [...page.matchAll(/^[.']\S*/gm)].map(([request]) => request));
  expect([...new Set(requests)].toSorted()).toEqual([".SH", ".SS", ".TH", ".TP", ".fi", ".nf"]);
});

test("there is no page of a command that is not there", () => {
  expect(createManualPage({ program: "dxf", groups: commandGroups, command: "push-target" })).toBeUndefined();
});

const formatter = ["mandoc", "groff"].find((name) => {
  try {
    execFileSync("which", [name], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
});

test.skipIf(formatter === undefined)("a formatter of manual pages has nothing to say about them", () => {
  for (const name of pages.keys()) {
    const words = formatter === "mandoc" ? ["-Tlint", "-Wwarning"] : ["-man", "-Tutf8", "-ww", "-Wbreak", "-z"];
    const said = execFileSync("sh", ["-c", '"$0" "$@" 2>&1 || true', formatter ?? "", ...words, join(directory, name)]);
    expect({ name, said: said.toString().replaceAll(/.*missing date.*\n/g, "") }).toEqual({ name, said: "" });
  }
});
