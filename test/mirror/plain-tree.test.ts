/** Whole repositories that change their form: to plain files, from them, and verified as a monitoring job does. */
import { mkdir, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { createCopy, createDirectorySource } from "@dtuf/copy";
import { publishToDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { bytesOf } from "@dtuf/testing/oci-content";
import { publishDemo } from "../cli/machine.ts";
import { useMachine } from "../cli/use-machine.ts";

const dayMs = 86_400_000;
const machine = useMachine();

const at = (...names: readonly string[]): string => join(machine.directory, ...names);

/** What a client that is pinned to this root gets from a plain tree. */
async function pullFrom(tree: string, root: Uint8Array): Promise<Readonly<Record<string, string>>> {
  const source = createDirectorySource({ metadataDirectory: join(tree, "metadata") });
  await using copy = createCopy({ source, place: "x", directory: at(`client-${Date.now()}`), now: machine.now });
  await copy.pullMetadata({ pin: { kind: "root", bytes: root } });
  const found: Record<string, string> = {};
  for await (const path of copy.listTargets()) {
    const target = await copy.findTarget(path);
    if (target === undefined) throw new TypeError(`${path} was not found`);
    found[path] = (await bytesOf(await copy.openTarget(target))).toString();
  }
  return found;
}

async function blobPath(repo: string, content: string): Promise<string> {
  const { digestOf } = await import("@dtuf/registry");
  const [algorithm = "", hex = ""] = digestOf(Buffer.from(content)).split(":");
  return at("dtuf_registry", repo, "blobs", algorithm, hex);
}

describe("export-repository", () => {
  beforeEach(async () => {
    await publishDemo(machine, "fred/demo", "one");
    await writeFile(at("root.json"), (await machine.must(["get-root", "fred/demo"])).bytes);
  });

  const words = ["export-repository", "fred/demo", "site", "--root", "root.json"];

  test("writes a tree that a client of plain repositories reads, also after a rotation of the root key", async () => {
    await machine.must(words);
    await machine.must(["create-root-key", "fred/demo"]);
    await machine.must(["reset-keys", "fred/demo"]);
    await machine.must(["push-metadata", "fred/demo"]);
    await machine.must(words);
    expect(await pullFrom(at("site"), await readFile(at("root.json")))).toEqual({ "demo.txt": "one" });
    expect((await readdir(at("site/metadata"))).filter((name) => name.endsWith("root.json"))).toEqual([
      "1.root.json",
      "2.root.json",
    ]);
    const again = await machine.must([...words, "--json"]);
    expect(JSON.parse(again.stdout)).toMatchObject({ status: "unchanged", targets: 1, writtenBytes: 0 });
  });

  test("a file that was changed in the tree is written again", async () => {
    await machine.must(words);
    const [name = ""] = await readdir(at("site/targets"));
    await writeFile(at("site/targets", name), "two");
    expect(JSON.parse((await machine.must([...words, "--json"])).stdout)).toMatchObject({ writtenBytes: 3 });
    expect(await readFile(at("site/targets", name), "utf8")).toBe("one");
  });

  test("a tree that has a newer timestamp stays as it is", async () => {
    await machine.must(words);
    const file = await readFile(at("site/metadata/timestamp.json"), "utf8");
    const timestamp = JSON.parse(file) as { readonly signed: object };
    const newer = JSON.stringify({ ...timestamp, signed: { ...timestamp.signed, version: 99 } });
    await writeFile(at("site/metadata/timestamp.json"), newer);
    const ran = await machine.run(words);
    expect(ran).toMatchObject({ status: 6, stderr: expect.stringContaining("MIRROR_DESTINATION_NEWER") as string });
    expect(await readFile(at("site/metadata/timestamp.json"), "utf8")).toBe(newer);
  });

  test("follows no link below its targets, and nothing is written behind it", async () => {
    await mkdir(at("elsewhere"));
    await mkdir(at("site/targets"), { recursive: true });
    await symlink(at("elsewhere"), at("site/targets/dir"));
    await machine.must(["push-target", "fred/demo", "dir/x", "demo.txt"]);
    await machine.must(["push-metadata", "fred/demo"]);
    const ran = await machine.run(words);
    expect(ran).toMatchObject({ status: 8, stderr: expect.stringContaining("FILE_NOT_REGULAR") as string });
    expect(await readdir(at("elsewhere"))).toEqual([]);
    expect(await readdir(at("site"))).not.toContain("metadata");
  });
});

describe("import-repository", () => {
  let sim: TufSimulator;

  beforeEach(async () => {
    sim = await createTufSimulator();
    machine.now = () => new Date("2030-01-02T00:00:00Z");
    sim.addTarget("a.txt", Buffer.from("hello"));
    sim.addDelegation("targets", { name: "team", paths: ["team/*"] });
    sim.addTarget("team/b.txt", Buffer.from("delegated"), { role: "team" });
    await sim.publishRelease();
    await writeFile(at("root.json"), sim.files.get("1.root.json") ?? "");
    sim.rotateKeys("root");
    sim.root.version += 1;
    await sim.publishRoot();
    await sim.publishRelease();
    await publishToDirectory(sim, at("theirs"));
  });

  test("takes over every root and every target, so that a client of the first root follows", async () => {
    const words = ["import-repository", "fred/demo", "--metadata-url", "theirs/metadata", "--root", "root.json"];
    const ran = await machine.must(words);
    expect(ran.stderr).toMatch(/took over \d+ roots and 2 targets/);
    await machine.must(["pull-metadata", "fred/demo", "root.json"]);
    const pulled = await machine.must(["pull-target", "fred/demo", "team/b.txt"]);
    expect(pulled.stdout).toBe("delegated");
    expect((await machine.must(["list-master-targets", "fred/demo"])).stdout).toBe("a.txt\n");
    const status = await machine.run(["status", "fred/demo", "--json"]);
    expect(JSON.parse(status.stdout)).toMatchObject({ registry: "same" });
  });

  test("nothing is taken over from another root", async () => {
    const other = await createTufSimulator();
    await writeFile(at("other.json"), other.files.get("1.root.json") ?? "");
    const words = ["import-repository", "fred/demo", "--metadata-url", "theirs/metadata", "--root", "other.json"];
    const ran = await machine.run(words);
    expect(ran).toMatchObject({ status: 6, stderr: expect.stringContaining("TUF_THRESHOLD_NOT_MET") as string });
    expect((await machine.run(["status", "fred/demo"])).status).toBe(3);
    expect(await readdir(machine.directory)).not.toContain("dtuf_registry");
  });
});

describe("verify-repository", () => {
  const words = ["verify-repository", "fred/demo", "--root", "root.json"];

  beforeEach(async () => {
    await publishDemo(machine, "fred/demo", "one");
    await writeFile(at("root.json"), (await machine.must(["get-root", "fred/demo"])).bytes);
  });

  test("ends with 0 if a new client would be served for so many days, else with 7 and the roles", async () => {
    const ran = await machine.must(words);
    expect(ran.stderr).toContain("1 target read to the last byte");
    const early = await machine.run([...words, "--valid-days", "8", "--json"]);
    expect(early.status).toBe(7);
    const { early: roles } = JSON.parse(early.stdout) as { readonly early: readonly { readonly role: string }[] };
    expect(roles.map(({ role }) => role)).toEqual(["timestamp", "snapshot"]);
    machine.now = () => new Date(Date.now() + 2 * dayMs);
    expect((await machine.run(words)).status).toBe(7);
  });

  test("ends with 6 and names the target if its bytes are gone or are others", async () => {
    const blob = await blobPath("fred/demo", "one");
    await writeFile(blob, "two");
    const changed = await machine.run(words);
    expect(changed).toMatchObject({ status: 6, stderr: expect.stringContaining("target demo.txt") as string });
    await rm(blob);
    const gone = await machine.run([...words, "--json"]);
    expect(gone.status).toBe(6);
    expect(JSON.parse(gone.stdout)).toMatchObject({
      targets: { faults: [{ path: "demo.txt", code: "COPY_BLOB_MISSING" }] },
    });
  });

  test("reads --sample targets, with --all every one", async () => {
    for (const name of ["a", "b", "c"]) await machine.must(["push-target", "fred/demo", name, "demo.txt"]);
    await machine.must(["push-metadata", "fred/demo"]);
    const read = async (...more: readonly string[]): Promise<unknown> => {
      const ran = await machine.must([...words, "--json", ...more]);
      return (JSON.parse(ran.stdout) as { readonly targets: { readonly targets: number } }).targets.targets;
    };
    expect(await read("--sample", "2")).toBe(2);
    expect(await read("--all")).toBe(4);
  });

  test("keeps no state: an older release that is served again is a client's matter that has seen the newer one", async () => {
    machine.environment = { ...machine.environment, DTUF_REPOSITORIES_ROOT: at("state-of-the-monitor") };
    const registry = pathToFileURL(at("dtuf_registry")).pathname;
    await machine.must(["verify-repository", `oci:${registry}/fred/demo`, "--root", "root.json"]);
    expect(await readdir(machine.directory)).not.toContain("state-of-the-monitor");
  });
});
