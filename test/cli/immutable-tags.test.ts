/** Aliases on a registry that does not let tags be moved: a refusal names the alias and what to do, and nothing moves. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createHostileRegistry, type HostileRegistry } from "@dtuf/testing";
import { afterEach, describe, expect, test } from "vitest";
import { createMachine, type Machine } from "./machine.ts";

const repo = "fred/demo";
let machine: Machine;
let registry: HostileRegistry;

afterEach(async () => {
  await registry.close();
  await machine[Symbol.asyncDispose]();
});

const hint = "hint: take another alias, or have the registry's rule for immutable tags leave this one out";

describe.for(["ECR", "Harbor", "Artifactory", "a registry that says 409"] as const)("tags as on %s:", (like) => {
  const open = async (): Promise<void> => {
    registry = await createHostileRegistry({ immutableTags: { which: "all", like } });
    machine = await createMachine({ DTUF_HOST: registry.host, DTUF_INSECURE: "1" });
    for (const name of ["a", "b"]) await writeFile(join(machine.directory, name), name);
  };
  const tags = (): readonly (readonly [string, string])[] => [...registry.repository(repo).tags];

  test("push-blob of the same file under its alias again is no error; of another file it is refused", async () => {
    await open();
    const { stdout } = await machine.must(["push-blob", repo, "a", "@v1"]);
    expect((await machine.must(["push-blob", repo, "a", "@v1"])).stdout).toBe(stdout);
    const before = tags();
    const ran = await machine.run(["push-blob", repo, "b", "@v1"]);
    expect(ran).toMatchObject({ status: 1, stderr: expect.stringContaining("(OCI_TAG_IMMUTABLE)") });
    expect(ran.stderr).toContain("does not let the tag v1 be moved from sha256:");
    expect(ran.stderr).toContain(hint);
    expect(tags()).toEqual(before);
    expect((await machine.must(["pull-blob", repo, "@v1"])).stdout).toBe("a");
  });

  test("set-alias to the same blobs again is no error; to others it is refused, and another alias is taken", async () => {
    await open();
    const [a, b] = [
      (await machine.must(["push-blob", repo, "a"])).stdout.trim(),
      (await machine.must(["push-blob", repo, "b"])).stdout.trim(),
    ];
    for (let times = 0; times < 2; times++) await machine.must(["set-alias", repo, "v1", a]);
    const before = tags();
    const ran = await machine.run(["set-alias", repo, "v1", b]);
    expect(ran).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("(OCI_TAG_IMMUTABLE)") });
    expect(ran.stderr).toContain(hint);
    expect(tags()).toEqual(before);
    await machine.must(["set-alias", repo, "v2", b]);
    expect((await machine.must(["get-alias", repo, "v2"])).stdout.trim()).toBe(b);
  });
});
