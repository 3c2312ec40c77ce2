/** Pushes a file as a target, with a patch from an older file if one is named, and says how far its memory rose, in bytes. */
import { readFileSync } from "node:fs";
import { argv, memoryUsage, stdout } from "node:process";
import { createMaster } from "@dtuf/master";

const [, , repository = "", directory = "", path = "", old] = argv;
await using master = createMaster({ repository, scheme: "http", directory });
await master.listTargets();
const before = memoryUsage.rss();
const more = old === undefined ? {} : ({ patchFrom: { path: old } } as const);
await master.pushTarget("t", [{ kind: "file", path }], more);
// `maxRSS` would include the program that started it.
const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "latin1"))?.[1]) * 1024;
stdout.write(String(peak - before));
