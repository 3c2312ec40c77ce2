/** examples/electron-shaped, installed from the packed packages, on the Node that Electron has, without its binary. */
import { execFile } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMachine, publishDemo, registryEnvironment, type Machine } from "../cli/machine.ts";
import { installUpdater } from "../setup/packed-agent.ts";
import { cacheDirectory, registryOf, uniqueRepository } from "../setup/registries.ts";
import { fetchRuntimes } from "../setup/runtimes.ts";

const access = registryOf("tls");
let node: string;
let example: string;
let machine: Machine;

beforeAll(async () => {
  example = (await installUpdater("electron-shaped", join(cacheDirectory(), "electron-shaped"))).directory;
  await cp(join(import.meta.dirname, "../setup/electron"), join(example, "node_modules/electron"), { recursive: true });
  const { all } = await fetchRuntimes(join(cacheDirectory(), "runtimes"));
  node = all.find(({ name }) => name === "Node 22.12")?.program ?? "";
  machine = await createMachine(registryEnvironment(access));
});
afterAll(() => machine?.[Symbol.asyncDispose]());

async function release(repo: string, version: string, files: Readonly<Record<string, string>>): Promise<void> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
  tar.finalize();
  const chunks = await Array.fromAsync(tar as AsyncIterable<Uint8Array>);
  await machine.must(["release", repo, "desk", version, "-"], Buffer.concat(chunks));
  await machine.must(["push-metadata", repo]);
}

describe.each(["main.mjs", "main.cjs"])("%s", (main) => {
  test("shows the pages that it came with, then those of an update, and goes back from pages that cannot be shown", async () => {
    const repo = uniqueRepository("desk");
    await publishDemo(machine, repo, "Hello World\n");
    const home = join(machine.directory, main);
    await mkdir(join(home, "resources/pages"), { recursive: true });
    await mkdir(join(home, "data"));
    await writeFile(join(home, "resources/pages/index.html"), "pages of the installer");
    await machine.must(["get-root", repo, "--output", join(home, "resources/root.json")]);
    const start = async (clicks: string, repository = `${access.host}/${repo}`): Promise<string> => {
      const env = {
        ...{ DESK_REPOSITORY: repository, DESK_RESOURCES: join(home, "resources"), DESK_USER_DATA: join(home, "data") },
        ...{ DESK_CLICKS: clicks, HOME: home, NODE_EXTRA_CA_CERTS: access.caFile ?? "" },
      };
      const words = ["--disable-warning=ExperimentalWarning", join(example, main)];
      const { stdout, stderr } = await promisify(execFile)(node, words, { env });
      expect(stderr).toBe("");
      return stdout;
    };

    await release(repo, "1.0.0", { "index.html": "pages 1.0.0" });
    const first = await start("check install");
    expect(first).toMatch(/^page: pages of the installer\n.*Version 1\.0\.0 is available.*\ncheck: 1\.0\.0\n/);
    expect(first).toContain("update: Version 1.0.0 is installed.\n");
    expect(first).toMatch(/app: relaunch\napp: quit\ninstall: undefined\n$/);
    expect(await start("check")).toMatch(
      /^page: pages 1\.0\.0\nupdate: Version 1\.0\.0 works\.\n[^]*check: undefined\n/,
    );

    await release(repo, "1.1.0", { "index.htm": "a name that the app does not know" });
    await start("check install");
    expect(await start("")).toBe("update: Version 1.0.0 is installed again.\napp: relaunch\napp: quit\n");
    expect(await start("")).toBe("page: pages 1.0.0\napp: quit\n");

    const gone = await start("check", `127.0.0.1:9/${repo}`);
    expect(gone).toBe("page: pages 1.0.0\nupdate: The update server cannot be reached.\ncheck: undefined\napp: quit\n");
  });
});
