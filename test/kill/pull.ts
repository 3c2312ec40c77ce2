/** Pulls a target to a file. Says after each chunk how many bytes are kept, and at the end how much memory it had before and at most, in bytes. */
import { createCopy, createStoreSource } from "@dtuf/copy";
import { createRegistryClient } from "@dtuf/registry/remote";
import { readFileSync } from "node:fs";
import { argv, memoryUsage, platform, stdout } from "node:process";

const [, , registry = "", directory = "", output = ""] = argv;
const client = createRegistryClient({ registry, scheme: "http" });
const source = createStoreSource(client.repository("fred/demo"));
await using copy = createCopy({ source, place: registry, directory, now: () => new Date("2030-01-02") });
const target = await copy.findTarget("t");
if (target === undefined) throw new TypeError("there is no target");
const before = memoryUsage.rss();
let most = before;
const onProgress = ({ bytes }: { readonly bytes: number }): void => {
  most = Math.max(most, memoryUsage.rss());
  stdout.write(`${bytes}\n`);
};
await copy.saveTarget(target, output, { onProgress });
stdout.write(`${before} ${Math.max(most, peakBytes())}\n`);
await client.close();

/** What Linux counts since this program was started; `maxRSS` would include the program that started it. */
function peakBytes(): number {
  if (platform !== "linux") return 0;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? 0) * 1024;
}
