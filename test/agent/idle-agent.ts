/** An updater in a process of its own: two rounds against a registry; after each it prints what keeps the process alive. */
import { readdirSync, readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { setImmediate as turn } from "node:timers/promises";
import { createAgent } from "@dtuf/agent";

const [, , repository = "", directory = ""] = process.argv;
const before = process.getActiveResourcesInfo();
const socketsBefore = countSockets();
const stop = new AbortController();
const rounds: object[] = [];
let checks = 0;

const agent = createAgent({
  copy: { repository, root: await readFile(`${directory}/root.json`), scheme: "http" },
  directory: `${directory}/agent`,
  name: "app",
  install: { kind: "executable", path: `${directory}/bin/app` },
  onEvent(event) {
    if (event.kind === "failed") throw event.error;
    if (event.kind === "checked") checks++;
    if (event.kind === "waiting") void look();
  },
});

/** Sockets that are being closed are gone after some turns of the loop. */
async function look(): Promise<void> {
  for (let turns = 0; turns < 50; turns++) await turn();
  const active = process.getActiveResourcesInfo().filter((name) => name !== "Immediate");
  for (const name of before) {
    const at = active.indexOf(name);
    if (at !== -1) active.splice(at, 1);
  }
  if (rounds.push({ active, sockets: countSockets() - socketsBefore }) === 2) stop.abort();
}

/** Node does not count sockets that do not keep the process alive; the system does. */
function countSockets(): number {
  const links = readdirSync("/proc/self/fd").map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      return "";
    }
  });
  return links.filter((link) => link.startsWith("socket:")).length;
}

await agent.run({ everyMs: 1000, jitter: 0, signal: stop.signal, healthCheck: () => true });
process.stdout.write(
  JSON.stringify({ rounds, checks, after: process.getActiveResourcesInfo().length - before.length }),
);
