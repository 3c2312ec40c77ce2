/**
 * host repository root directory task: an updater as a program embeds it. "check" checks; "update" is a round to the
 * confirmed version, and fails if there is none.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createAgent } from "@dtuf/agent";

const [host = "", repository = "", root = "", directory = "", task = ""] = process.argv.slice(2);
await using agent = createAgent({
  copy: { repository: `${host}/${repository}`, root: await readFile(root), scheme: "http" },
  directory: join(directory, "agent"),
  name: "node",
  install: { kind: "executable", path: join(directory, "node") },
});
if (task === "check") {
  const { update } = await agent.check();
  if (update !== undefined) throw new Error(`${update.release.version} is new`);
} else {
  const outcome = await agent.update({ healthCheck: () => true });
  if (outcome.kind !== "installed") throw new Error(`nothing was installed: ${outcome.kind}`);
}
