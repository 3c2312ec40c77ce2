import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { oldestNode, refuseNode } from "./node-version.ts";

test.each(["20.20.0", "24.14.1", "9.99.0"])("Node %s is refused with one sentence", (version) => {
  const [major, minor] = version.split(".");
  expect(refuseNode("dtuf", version)).toBe(`dtuf needs Node 24.15 or newer; this is ${major}.${minor}`);
});

test.each(["24.15.0", "24.21.0", "25.0.0-nightly", "100.1.0"])("Node %s runs the program", (version) => {
  expect(refuseNode("dtuf", version)).toBeUndefined();
});

test("the oldest Node is that of package.json", async () => {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  expect(JSON.parse(text)).toMatchObject({ engines: { node: `>=${oldestNode}` } });
});

test.each(["dtuf", "dxf"])("%s looks at the version before it loads anything else", async (program) => {
  const text = await readFile(new URL(`${program}.ts`, import.meta.url), "utf8");
  expect(text.match(/^import .*$/gmu)).toEqual(['import { refuseNode } from "./node-version.ts";']);
});
