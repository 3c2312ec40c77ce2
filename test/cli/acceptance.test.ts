/** The Python dtuf's own acceptance scenario, on every form of a real registry and on the embedded one. */
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { registryForms, registryOf, uniqueRepository } from "../setup/registries.ts";
import { createMachine, publishDemo, registryEnvironment } from "./machine.ts";

const places = [...registryForms, "embedded"] as const;

describe.each(places)("on the %s registry", (form) => {
  test("a release is published, pulled from a root key alone, updated and pulled again", async () => {
    await using publisher = await createMachine();
    await using client = await createMachine();
    const where =
      form === "embedded"
        ? { DTUF_HOST: `oci:${publisher.directory}/registry` }
        : registryEnvironment(registryOf(form));
    Object.assign(publisher.environment, where);
    Object.assign(client.environment, where);
    const repo = uniqueRepository("acceptance");

    await publishDemo(publisher, repo, "Hello World\n");
    const keys = join(publisher.directory, "dtuf_repos", repo, "master", "keys");
    await copyFile(join(keys, "root_key.pub"), join(client.directory, "root_key.pub"));
    expect((await client.must(["pull-metadata", repo, "root_key.pub"])).stdout).toBe("demo.txt\n");
    expect((await client.must(["pull-target", repo, "demo.txt"])).stdout).toBe("Hello World\n");

    await writeFile(join(publisher.directory, "demo.txt"), "Update World\n");
    await writeFile(join(publisher.directory, "demo2.txt"), "Another File\n");
    await publisher.must(["push-target", repo, "demo.txt", "demo.txt"]);
    await publisher.must(["push-target", repo, "dir/demo2.txt", "demo2.txt"]);
    expect((await publisher.must(["list-master-targets", repo])).stdout).toBe("demo.txt\n");
    await publisher.must(["push-metadata", repo]);
    expect((await client.must(["pull-metadata", repo])).stdout.split("\n").toSorted()).toEqual([
      "",
      "demo.txt",
      "dir/demo2.txt",
    ]);
    expect((await client.must(["pull-target", repo, "demo.txt", "dir/demo2.txt"])).stdout).toBe(
      "Update World\nAnother File\n",
    );
    expect((await client.must(["list-copy-targets", repo])).stdout.split("\n").toSorted()).toEqual([
      "",
      "demo.txt",
      "dir/demo2.txt",
    ]);
    expect((await client.must(["pull-metadata", repo])).stdout).toBe("");
  });

  test("targets of several blobs, composed of others, come back in order", async () => {
    await using machine = await createMachine();
    const where = form === "embedded" ? { DTUF_HOST: "oci:registry" } : registryEnvironment(registryOf(form));
    Object.assign(machine.environment, where);
    const repo = uniqueRepository("acceptance");
    await publishDemo(machine, repo, "there ");
    await writeFile(join(machine.directory, "one"), "one ");
    await writeFile(join(machine.directory, "three"), "three\n");
    await machine.must(["push-target", repo, "foobar", "one", "@demo.txt"]);
    await machine.must(["push-target", repo, "foobar", "@demo.txt", "@foobar", "three"]);
    await machine.must(["push-metadata", repo]);
    const root = (await machine.must(["get-root", repo])).bytes;
    expect((await machine.must(["pull-metadata", repo, "-"], root)).stdout.split("\n").toSorted()).toEqual([
      "",
      "demo.txt",
      "foobar",
    ]);
    expect((await machine.must(["pull-target", repo, "foobar"])).stdout).toBe("there one there three\n");
    expect((await machine.must(["blob-sizes", repo, "foobar"])).stdout).toBe("6\n4\n6\n6\n");
    machine.environment["DTUF_BLOB_INFO"] = "1";
    expect((await machine.must(["pull-target", repo, "demo.txt"])).stdout).toMatch(/^sha256:[0-9a-f]{64} 6\nthere $/);
    await machine.must(["check-target", repo, "foobar", "demo.txt", "one", "demo.txt", "three"]);
    expect((await machine.run(["check-target", repo, "foobar", "demo.txt", "one", "demo.txt", "one"])).status).toBe(6);
    expect((await machine.run(["check-target", repo, "foobar", "demo.txt"])).status).toBe(6);
  });

  test("every key is rotated, and a client that pinned the first root follows", async () => {
    await using publisher = await createMachine();
    await using client = await createMachine();
    const where =
      form === "embedded"
        ? { DTUF_HOST: `oci:${publisher.directory}/registry` }
        : registryEnvironment(registryOf(form));
    Object.assign(publisher.environment, where);
    Object.assign(client.environment, where);
    const repo = uniqueRepository("acceptance");
    await publishDemo(publisher, repo, "before\n");
    await client.must(["pull-metadata", repo, "-"], (await publisher.must(["get-root", repo])).bytes);
    for (const content of ["after one rotation\n", "after two\n"]) {
      await publisher.must(["create-root-key", repo]);
      await publisher.must(["create-metadata-keys", repo]);
      await publisher.must(["reset-keys", repo]);
      await writeFile(join(publisher.directory, "demo.txt"), content);
      await publisher.must(["push-target", repo, "demo.txt", "demo.txt"]);
      await publisher.must(["push-metadata", repo]);
    }
    expect((await client.must(["pull-target", repo, "demo.txt"])).stdout).toBe("after two\n");
  });
});
