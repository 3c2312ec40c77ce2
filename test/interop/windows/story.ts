/** The first day of a publisher and of a client, through the command line, on the embedded registry and on a plain directory. */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundle } from "@dtuf/testing/file-faults/bundle";
import { publishToDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { windowsPath, type Ended, type Windows } from "./wine.ts";

const program = join(import.meta.dirname, "dtuf.ts");

type Dtuf = (...args: readonly string[]) => Promise<Ended>;

async function openDtuf(windows: Windows, home: string): Promise<Dtuf> {
  const { dtuf = "" } = await bundle({ dtuf: program }, join(home, "program"));
  const names = ["ROOT", "TARGETS", "SNAPSHOT", "TIMESTAMP"];
  const env = Object.fromEntries(names.map((name) => [`DTUF_${name}_KEY_PASSWORD`, `secret of ${name}`]));
  return (...args) => windows.run(dtuf, args, { env, cwd: home });
}

/** @returns what was done, a line each. @throws TypeError at the first step that went wrong */
export async function tellStory(windows: Windows, home: string): Promise<readonly string[]> {
  await mkdir(home, { recursive: true });
  const dtuf = await openDtuf(windows, home);
  return [...(await tellEmbedded(dtuf, home)), ...(await tellPlain(dtuf, home)), ...(await tellNames(dtuf, home))];
}

/** The registry is named with a drive letter and backslashes. */
async function tellEmbedded(dtuf: Dtuf, home: string): Promise<readonly string[]> {
  const repo = `oci:${windowsPath(join(home, "registry", "demo"))}`;
  const bytes = Buffer.alloc(700_000, "content ");
  await writeFile(join(home, "hello.txt"), bytes);
  for (const verb of ["create-root-key", "create-metadata-keys", "create-metadata"]) await succeed(dtuf, verb, repo);
  await succeed(dtuf, "push-target", repo, "hello.txt", windowsPath(join(home, "hello.txt")));
  await succeed(dtuf, "push-metadata", repo);
  await writeFile(join(home, "root.json"), (await succeed(dtuf, "get-root", repo)).stdout);
  const first = await succeed(dtuf, "pull-metadata", repo, "root.json", "--require-state");
  expectEqual("the targets of the first pull", first.stdout, "hello.txt\n");
  await succeed(dtuf, "pull-target", repo, "hello.txt", "--output", windowsPath(join(home, "pulled.txt")));
  expectEqual("the pulled file", await readFile(join(home, "pulled.txt"), "utf8"), bytes.toString());
  // Over a file that is there, and with what was kept.
  await succeed(dtuf, "pull-target", repo, "hello.txt", "--offline", "--output", "pulled.txt");
  await succeed(dtuf, "push-target", repo, "dir/second.txt", "root.json");
  await succeed(dtuf, "push-metadata", repo);
  const second = await succeed(dtuf, "pull-metadata", repo, "--require-state");
  expectEqual("the targets of the second pull", second.stdout, "dir/second.txt\n");
  return [`publish, pin and pull on ${repo}`];
}

async function tellPlain(dtuf: Dtuf, home: string): Promise<readonly string[]> {
  const sim = await createTufSimulator({ now: new Date() });
  sim.addTarget("a.txt", Buffer.from("plain"));
  // A backslash is a character of the name and separates nothing.
  sim.addTarget(String.raw`..\a.txt`, Buffer.from("other"));
  await sim.publishRelease();
  await publishToDirectory(sim, join(home, "site"));
  await copyFile(join(home, "site", "metadata", "1.root.json"), join(home, "plain-root.json"));
  const url = `file:///Z:${home}/site/metadata/`;
  await succeed(dtuf, "pull-metadata", "plain", "plain-root.json", "--metadata-url", url, "--require-state");
  const pulled = await succeed(dtuf, "pull-target", "plain", "a.txt", "--metadata-url", url);
  expectEqual("the plain target", pulled.stdout, "plain");
  const up = await dtuf("pull-target", "plain", String.raw`..\a.txt`, "--metadata-url", url, "--output", "site");
  expectEqual("a backslash as a separator", up.status, 2);
  return [`pin and pull from ${url}`];
}

/** Names that are no names of files there. */
async function tellNames(dtuf: Dtuf, home: string): Promise<readonly string[]> {
  const repo = "oci:registry\\demo";
  const names = ["con", "aux.txt", "a:b", "dot."];
  for (const name of names) await succeed(dtuf, "push-target", repo, name, "root.json");
  await succeed(dtuf, "push-metadata", repo);
  await mkdir(join(home, "out"));
  for (const name of names) {
    expectEqual(`${name} into a directory`, (await dtuf("pull-target", repo, name, "--output", "out")).status, 2);
    const root = await readFile(join(home, "root.json"), "utf8");
    expectEqual(name, (await succeed(dtuf, "pull-target", repo, name)).stdout, root);
  }
  expectEqual("a layout named con", (await dtuf("create-root-key", "oci:C:\\con")).status, 2);
  return [`targets with the names ${names.join(", ")}: pulled to stdout, refused as files`];
}

async function succeed(dtuf: Dtuf, ...args: readonly string[]): Promise<Ended> {
  const ended = await dtuf(...args);
  if (ended.status === 0) return ended;
  throw new TypeError(`dtuf ${args.join(" ")}: exit ${ended.status}\n${ended.stdout}${ended.stderr}`);
}

function expectEqual(what: string, got: string | number, wanted: string | number): void {
  if (got !== wanted) throw new TypeError(`${what}: wanted ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`);
}
