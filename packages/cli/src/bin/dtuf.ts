#!/usr/bin/env node
import { refuseNode } from "./node-version.ts";

const refusal = refuseNode("dtuf", process.versions.node);
if (refusal === undefined) {
  // Not awaited here: that would need a module of a kind that starts more slowly and that an old Node cannot read.
  void import("./start.ts").then(({ start }) => start("dtuf", "files"));
} else {
  process.stderr.write(`${refusal}\n`);
  process.exitCode = 1;
}
