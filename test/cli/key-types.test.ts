/** The story of a repository by command, once for each kind of key: keys of some kinds stand in root.json as PEM. */
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createMachine, publishDemo } from "./machine.ts";

const repo = "fred/demo";

describe.each(["ed25519", "ecdsa-p256", "ecdsa-p384", "rsa", "ml-dsa-65"])("with %s keys", (keyType) => {
  test("a repository is published, pinned by root.json and by key, rotated and pulled by both", async () => {
    await using publisher = await createMachine({ DTUF_KEY_TYPE: keyType });
    const where = { DTUF_HOST: `oci:${publisher.directory}/registry` };
    Object.assign(publisher.environment, where);
    await using byRoot = await createMachine(where);
    await using byKey = await createMachine(where);
    await publishDemo(publisher, repo, "before\n");
    await writeFile(join(byRoot.directory, "root.json"), (await publisher.must(["get-root", repo])).bytes);
    const key = join(publisher.directory, "dtuf_repos", repo, "master/keys/root_key.pub");
    await copyFile(key, join(byKey.directory, "root_key.pub"));
    expect((await byRoot.must(["pull-metadata", repo, "root.json"])).stdout).toBe("demo.txt\n");
    expect((await byKey.must(["pull-metadata", repo, "root_key.pub"])).stdout).toBe("demo.txt\n");
    for (const client of [byRoot, byKey]) {
      expect((await client.must(["pull-target", repo, "demo.txt"])).stdout).toBe("before\n");
    }

    await publisher.must(["create-root-key", repo]);
    await publisher.must(["create-metadata-keys", repo]);
    await publisher.must(["reset-keys", repo]);
    await writeFile(join(publisher.directory, "demo.txt"), "after\n");
    await publisher.must(["push-target", repo, "demo.txt", "demo.txt"]);
    await publisher.must(["push-metadata", repo]);
    for (const client of [byRoot, byKey]) {
      expect((await client.must(["pull-target", repo, "demo.txt"])).stdout).toBe("after\n");
    }
    const newest = (await publisher.must(["get-root", repo])).bytes;
    await byRoot.must(["pull-metadata", repo, "-"], newest);
    await byKey.must(["pull-metadata", repo, "-"], (await publisher.must(["get-root", repo, "--all"])).bytes);
  });
});

test("a repository that requires ML-DSA cannot be rotated to keys without it", async () => {
  await using publisher = await createMachine({ DTUF_KEY_TYPE: "ml-dsa-44" });
  await publisher.must(["create-root-key", repo]);
  await publisher.must(["create-metadata-keys", repo]);
  await publisher.must(["create-metadata", repo, "--require-family", "ml-dsa"]);
  await publisher.must(["push-metadata", repo]);
  await writeFile(join(publisher.directory, "root.json"), (await publisher.must(["get-root", repo])).bytes);
  await publisher.must(["pull-metadata", repo, "root.json"]);
  publisher.environment["DTUF_KEY_TYPE"] = "ed25519";
  await publisher.must(["create-root-key", repo]);
  await publisher.must(["create-metadata-keys", repo]);
  const reset = await publisher.run(["reset-keys", repo]);
  const pushed = await publisher.run(["push-metadata", repo]);
  expect([reset.status, pushed.status]).toContain(6);
  expect(`${reset.stderr}${pushed.stderr}`).toMatch(/ml-dsa/);
  await publisher.must(["pull-metadata", repo]);
});
