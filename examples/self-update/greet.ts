/**
 * A command-line program that updates itself.
 *
 *     greet               says hello, and its version
 *     greet update        installs the newest release over this file, if it is healthy
 *
 * `root.json` lies beside the program, as the installer put it there; state is kept beside it too.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createAgent } from "@dtuf/agent";

const version = "1.0.0";
const [, program = "", task, repository = process.env["GREET_REPOSITORY"] ?? ""] = process.argv;

async function update(): Promise<string> {
  const home = dirname(program);
  const root = await readFile(join(home, "root.json"));
  const install = { kind: "executable", path: program } as const;
  const agent = createAgent({
    copy: { repository, root },
    directory: join(home, "state"),
    name: "greet",
    install,
    installedVersion: version,
  });
  try {
    await agent.recover();
    const { update: found } = await agent.check({ isAsked: true });
    if (found === undefined) return `greet ${version} is up to date`;
    await agent.stage(found);
    // The new program has to say hello by itself, else the old one is installed again.
    await agent.apply({
      healthCheck: async ({ path, signal }) =>
        (await promisify(execFile)(process.execPath, [path], { signal })).stdout.startsWith("hello"),
    });
    return `greet is now ${found.release.version}`;
  } finally {
    await agent.close();
  }
}

if (task === "update") console.log(await update());
else console.log(`hello from ${version}`);
