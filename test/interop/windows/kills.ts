/** The kill trials on Windows' Node: a client and a layout are cut off at each change of the disk. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseTag } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import { killAtEachChange, type Started } from "@dtuf/testing/file-faults/file-trials";
import { publishToDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { createPuller, pull } from "../../kill/puller.ts";
import { createRelease, publishRelease } from "../../kill/layout-publish.ts";
import { windowsPath, type Windows } from "./wine.ts";

/** Paths in arguments and variables get the drive's letter. True: the process was killed. */
function startOn(windows: Windows) {
  return async ({ preload, file, args, env }: Started): Promise<boolean> => {
    const translate = (text: string): string => (text.startsWith("/") ? windowsPath(text) : text);
    const variables = Object.fromEntries(Object.entries(env).map(([name, text]) => [name, translate(text)]));
    const { status, stderr } = await windows.run(file, args.map(translate), { env: variables, preload });
    if (status !== 0 && status !== "killed") throw new TypeError(`exit ${status}: ${stderr}`);
    return status === "killed";
  };
}

/** @returns what was tried, a line each. @throws the first trial that left something torn */
export async function runKillTrials(windows: Windows, home: string): Promise<readonly string[]> {
  const [client, layout] = [await killClient(windows, home), await killLayout(windows, home)];
  if (Math.min(client, layout) < 10) throw new TypeError(`too few moments: ${client} and ${layout}`);
  return [`a client killed at each of ${client} moments`, `a layout's writer killed at each of ${layout} moments`];
}

async function killClient(windows: Windows, home: string): Promise<number> {
  const [site, before] = [join(home, "site"), join(home, "client")];
  const sim = await createTufSimulator();
  sim.addDelegation("targets", { name: "team", paths: ["team/*"] });
  const publish = async (content: string): Promise<void> => {
    sim.addTarget("team/target", Buffer.alloc(300_000, content), { role: "team" });
    await sim.publishRelease();
    await publishToDirectory(sim, site);
  };
  await publish("old ");
  await mkdir(join(before, "out"), { recursive: true });
  await pull(site, before);
  await publish("new ");
  return killAtEachChange({
    program: join(import.meta.dirname, "run-puller.ts"),
    args: [site],
    before,
    start: startOn(windows),
    async check(trial) {
      await createPuller(site, trial).pullMetadata({ mode: "offline" });
      expectOneOf(await readFile(join(trial, "out", "target"), "latin1"), ["old ", "new "]);
      await pull(site, trial);
      expectOneOf(await readFile(join(trial, "out", "target"), "latin1"), ["new "]);
    },
  });
}

function expectOneOf(content: string, wanted: readonly string[]): void {
  if (wanted.some((word) => content === word.repeat(75_000))) return;
  throw new TypeError(`the target is torn: ${content.length} bytes, ${JSON.stringify(content.slice(0, 8))}`);
}

async function killLayout(windows: Windows, home: string): Promise<number> {
  const before = join(home, "layout");
  await publishRelease(before, 1);
  const digests = new Set([1, 2].map((version) => createRelease(version).manifest.descriptor.digest));
  return killAtEachChange({
    program: join(import.meta.dirname, "run-layout-publish.ts"),
    args: ["2"],
    before,
    start: startOn(windows),
    async check(trial) {
      const found = await createLayoutStore({ directory: trial }).resolve(parseTag("latest"), { want: "digest" });
      if (found === undefined || !digests.has(found.descriptor.digest))
        throw new TypeError("the tag is neither the old nor the new");
      await publishRelease(trial, 2);
    },
  });
}
