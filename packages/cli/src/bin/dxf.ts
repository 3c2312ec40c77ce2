#!/usr/bin/env node
import { refuseNode } from "./node-version.ts";

const refusal = refuseNode("dxf", process.versions.node);
if (refusal === undefined) {
  const { run } = await import("./run.ts");
  await run("dxf");
} else {
  process.stderr.write(`${refusal}\n`);
  process.exitCode = 1;
}
