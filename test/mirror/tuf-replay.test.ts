/** What a mirror does with sources that go back, chains that change, and destinations that fail half way. */
import { readFile, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { createCopy, createStoreSource } from "@dtuf/copy";
import { parseTag, type ReadStore } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import { createRemoteRepository } from "@dtuf/testing/remote-repository";
import { publishToDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTestSigner } from "@dtuf/testing/keys";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath } from "@dtuf/tuf";
import { bytesOf } from "@dtuf/testing/oci-content";
import { publishDemo, type Machine } from "../cli/machine.ts";
import { useMachine } from "../cli/use-machine.ts";

const latest = parseTag("latest");
const machine = useMachine();
let sim: TufSimulator;
let copies = 0;

beforeEach(async () => {
  machine.now = () => new Date("2030-01-02T00:00:00Z");
  sim = await createTufSimulator();
  sim.addTarget("a.txt", Buffer.from("old"));
  await sim.publishRelease();
  await writeFile(join(machine.directory, "root.json"), sim.files.get("1.root.json") ?? "");
});

const layout = (name: string): ReadStore => createLayoutStore({ directory: join(machine.directory, name) });

/** The repository as it is now, in a directory of that name. */
async function publish(name: string): Promise<string> {
  const { metadataDirectory } = await publishToDirectory(sim, join(machine.directory, name));
  return pathToFileURL(metadataDirectory).href;
}

async function publishNext(name: string): Promise<string> {
  sim.addTarget("a.txt", Buffer.from("new"));
  sim.addTarget("b.txt", Buffer.from("more"));
  await sim.publishRelease();
  return publish(name);
}

const carry = (source: string, destination: string, ...more: string[]): ReturnType<Machine["run"]> =>
  machine.run(["sync", "--dest-tls-verify=false", ...more, "--tuf", "root.json", source, destination]);

async function read(store: ReadStore): Promise<string> {
  copies += 1;
  const directory = join(machine.directory, `copy-${copies}`);
  const copy = createCopy({ source: createStoreSource(store), place: "x", directory, now: machine.now });
  await copy.pullMetadata({ pin: { kind: "root", bytes: await readFile(join(machine.directory, "root.json")) } });
  const target = await copy.findTarget(parseTargetPath("a.txt"));
  if (target === undefined) throw new TypeError("no a.txt");
  return (await bytesOf(await copy.openTarget(target))).toString();
}

describe("a source that goes back", () => {
  test("is refused by the mirror itself, where the destination remembers nothing too [T41]", async () => {
    const [old, fresh] = [await publish("old"), await publishNext("fresh")];
    expect((await carry(fresh, "oci:mirror")).status).toBe(0);
    await rename(join(machine.directory, "mirror"), join(machine.directory, "gone"));
    for (const more of [[], ["--dry-run"]]) {
      const ran = await carry(old, "oci:mirror", ...more);
      expect([ran.status, ran.stderr]).toEqual([6, expect.stringContaining("TUF_ROLLBACK")]);
    }
    expect(await layout("mirror").resolve(latest, { want: "digest" })).toBeUndefined();
    expect((await carry(fresh, "oci:mirror")).status).toBe(0);
    expect(await read(layout("mirror"))).toBe("new");
  });

  test("is passed over where a mirror of it is fresh", async () => {
    const [old, fresh] = [await publish("old"), await publishNext("fresh")];
    expect((await carry(fresh, "oci:mirror")).status).toBe(0);
    expect((await carry(old, "oci:mirror", "--mirror", fresh)).stderr).toContain("passed over");
  });

  test("is refused by what the destination has, where the mirror remembers nothing", async () => {
    const [old, fresh] = [await publish("old"), await publishNext("fresh")];
    expect((await carry(fresh, "oci:mirror")).status).toBe(0);
    const ran = await carry(old, "oci:mirror", "--repositories-root", "other");
    expect([ran.status, ran.stderr]).toEqual([6, expect.stringContaining("MIRROR_DESTINATION_NEWER")]);
    expect(await read(layout("mirror"))).toBe("new");
  });

  test("is refused by what the destination has, if its timestamp is long because of ML-DSA signatures", async () => {
    for (let key = 0; key < 3; key += 1) sim.addSigner("timestamp", createTestSigner("ml-dsa-87"));
    await sim.publishRoot();
    await writeFile(join(machine.directory, "root.json"), sim.files.get("1.root.json") ?? "");
    await sim.publishRelease();
    const [old, fresh] = [await publish("old"), await publishNext("fresh")];
    expect((await carry(fresh, "oci:mirror")).status).toBe(0);
    const ran = await carry(old, "oci:mirror", "--repositories-root", "other");
    expect([ran.status, ran.stderr]).toEqual([6, expect.stringContaining("MIRROR_DESTINATION_NEWER")]);
  });

  test("a dry run remembers nothing", async () => {
    const [old, fresh] = [await publish("old"), await publishNext("fresh")];
    expect((await carry(fresh, "oci:mirror", "--dry-run")).stdout).toMatch(/^would-copy/);
    expect(await readdir(machine.directory)).not.toContain("dtuf_repos");
    expect((await carry(old, "oci:mirror")).status).toBe(0);
  });
});

test("another chain is refused, and taken with --replace", async () => {
  expect((await carry(await publish("first"), "oci:mirror")).status).toBe(0);
  sim = await createTufSimulator();
  sim.addTarget("a.txt", Buffer.from("another"));
  sim.timestamp.version = 5;
  await sim.publishRelease();
  await writeFile(join(machine.directory, "root.json"), sim.files.get("1.root.json") ?? "");
  const other = await publish("second");
  const ran = await carry(other, "oci:mirror");
  expect([ran.status, ran.stderr]).toEqual([6, expect.stringContaining("COPY_PIN_OTHER_CHAIN")]);
  expect((await carry(other, "oci:mirror", "--replace")).status).toBe(0);
  expect(await read(layout("mirror"))).toBe("another");
});

test("an upload that fails at any moment leaves readers of the destination the old release", async () => {
  await using target = await createRemoteRepository();
  const destination = `docker://${target.registry.host}/fred/demo`;
  expect((await carry(await publish("old"), destination)).status).toBe(0);
  const before = await target.store.resolve(latest, { want: "digest" });
  const fresh = await publishNext("fresh");
  let failures = 0;
  for (let ran = 1; ran !== 0; failures++) {
    expect(await target.store.resolve(latest, { want: "digest" })).toEqual(before);
    expect(await read(target.store)).toBe("old");
    const isChange = ({ method }: { readonly method: string }): boolean => !["GET", "HEAD"].includes(method);
    const rule = { match: { where: isChange, nth: failures + 1 }, times: Infinity };
    target.registry.script({ ...rule, fault: { kind: "answer", status: 403 } });
    ran = (await carry(fresh, destination)).status;
    target.registry.clearScript();
    if (failures > 40) throw new TypeError("it never ends");
  }
  expect(failures).toBeGreaterThan(5);
  expect(await read(target.store)).toBe("new");
});

describe("across a gap", () => {
  beforeEach(async () => {
    machine.now = () => new Date();
    machine.environment["DTUF_HOST"] = "oci:outside";
    await publishDemo(machine, "fred/demo", "one");
    await writeFile(join(machine.directory, "root.json"), (await machine.must(["get-root", "fred/demo"])).bytes);
    await machine.must(["export", "fred/demo", "first.tar", "--tuf", "root.json"]);
  });

  const carryIn = (file: string, ...more: string[]): ReturnType<Machine["run"]> =>
    machine.run(["import", file, "oci:inside/demo", "--tuf", "root.json", "--repositories-root", "inside", ...more]);

  test("an update follows the first file; the first one comes in no more after it", async () => {
    expect((await carryIn("first.tar")).status).toBe(0);
    await writeFile(join(machine.directory, "demo.txt"), "two");
    await machine.must(["push-target", "fred/demo", "demo.txt", "demo.txt"]);
    await machine.must(["push-metadata", "fred/demo"]);
    await machine.must(["export", "fred/demo", "second.tar", "--tuf", "root.json"]);
    expect(JSON.parse((await carryIn("second.tar", "--json")).stdout)).toMatchObject({
      status: "copied",
      transferred: { sentBlobs: 1, sentBytes: 3 },
    });
    const replayed = await carryIn("first.tar");
    expect([replayed.status, replayed.stderr]).toEqual([6, expect.stringContaining("TUF_ROLLBACK")]);
    const words = ["--repositories-root", "reader", "oci:inside/demo"];
    await machine.must(["pull-metadata", ...words, "root.json"]);
    expect((await machine.must(["pull-target", ...words, "demo.txt"])).stdout).toBe("two");
  });

  test("an expired file and one of another chain are refused, and nothing is published", async () => {
    await publishDemo(machine, "fred/other", "other");
    await writeFile(join(machine.directory, "other.json"), (await machine.must(["get-root", "fred/other"])).bytes);
    const other = await machine.run(["import", "first.tar", "oci:inside/demo", "--tuf", "other.json"]);
    expect(other.status).toBe(6);
    machine.now = () => new Date("2099-01-01T00:00:00Z");
    expect((await carryIn("first.tar")).status).toBe(7);
    expect(await layout("inside/demo").resolve(latest, { want: "digest" })).toBeUndefined();
  });
});
