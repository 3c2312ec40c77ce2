/**
 * A device with two slots, as an unattended machine has them: one is in use, the other one gets the next version.
 *
 *     device boot REPOSITORY DIRECTORY
 *
 * One boot: the agent ends what a power cut interrupted, and goes back to the slot before if the new one was started too often
 * without success. Then the program of the current slot is started. If it works, its version is confirmed, and the next
 * one is looked for, downloaded and unpacked into the other slot, for the next boot.
 *
 * DIRECTORY contains root.json, as the factory put it there. A boot loader needs one line of it: the file `current`.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createAgent } from "@dtuf/agent";

const [, , repository = "", directory = ""] = process.argv.slice(1);

/** What a boot loader does: it asks nobody, reads one line, and starts what it names. */
async function start(): Promise<string> {
  const slot = (await readFile(join(directory, "current"), "utf8")).trim();
  const { stdout } = await promisify(execFile)(process.execPath, [join(directory, slot, "app.mjs")]);
  return stdout.trim();
}

async function boot(): Promise<string> {
  await using agent = createAgent({
    copy: { repository, root: await readFile(join(directory, "root.json")) },
    directory: join(directory, "agent"),
    name: "app",
    install: { kind: "archive", directory, slots: 2 },
    startsMax: 2,
  });
  const { pending, installed } = await agent.recover();
  const said = installed === undefined ? "an empty device" : await start();
  if (pending?.phase === "applied") await agent.confirm();
  const outcome = await agent.update();
  return outcome.kind === "installed" ? `${said}; the next boot starts ${outcome.version}` : said;
}

console.log(await boot());
