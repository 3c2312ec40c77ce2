/** A publisher rotates its root key twice; a hostile registry then shows roots of its own beside the genuine ones. */
import { copyFile, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "@dtuf/registry";
import { createTestSigner } from "@dtuf/testing/keys";
import { parseUnverified, signDocument } from "@dtuf/tuf";
import { useHostileRegistry } from "@dtuf/testing/scene/registry";
import { beforeEach, describe, expect, test } from "vitest";
import { publishDemo } from "../cli/machine.ts";
import { fileNameOf, latestLayers, repo, rewriteLatest, type Layer } from "./scene.ts";
import { useMachineOf } from "../cli/use-machine.ts";

const registry = useHostileRegistry();
const publisher = useMachineOf(registry, {}, "each test");
/** Pinned to the first root, which the publisher has long replaced. */
const oldClient = useMachineOf(registry, {}, "each test");
const other = useMachineOf(registry, {}, "each test");

beforeEach(async () => {
  await publishDemo(publisher, repo, "as published\n");
  await oldClient.must(["pull-metadata", repo, "-"], (await publisher.must(["get-root", repo])).bytes);
  for (let rotation = 0; rotation < 2; rotation++) {
    await publisher.must(["create-root-key", repo]);
    await publisher.must(["reset-keys", repo]);
    await publisher.must(["push-metadata", repo]);
  }
  await writeFile(join(other.directory, "root.json"), (await publisher.must(["get-root", repo])).bytes);
  await writeFile(join(other.directory, "chain.json"), (await publisher.must(["get-root", repo, "--all"])).bytes);
});

/** Shows bytes under a metadata file's name, inlined and as a blob. */
function layerOf(name: string, bytes: Uint8Array): Layer {
  const digest = digestOf(bytes);
  registry.repository(repo).blobs.set(digest, bytes);
  return {
    mediaType: "application/vnd.tuf.metadata+json",
    digest,
    size: bytes.length,
    data: Buffer.from(bytes).toString("base64"),
    annotations: { "tuf.io/filename": name },
  };
}

/** A root 2 that an attacker signed alone. It lists the pinned root's keys beside his own, so it leads to the pin. */
async function showForgedRoot(): Promise<string> {
  const pinned = parseUnverified(await readFile(join(other.directory, "root.json")), "root");
  const thief = createTestSigner();
  const root = { ...pinned.roles.root, keyIds: [...pinned.roles.root.keyIds, thief.keyId], threshold: 1 };
  const keys = new Map([...pinned.keys, [thief.keyId, thief.key]]);
  const forged = await signDocument({ ...pinned, version: 2, keys, roles: { ...pinned.roles, root } }, [thief]);
  const layer = layerOf("2.root.json", forged);
  rewriteLatest(registry, (layers) => layers.map((each) => (fileNameOf(each) === "2.root.json" ? layer : each)));
  return layer.digest;
}

async function filesOf(directory: string): Promise<string> {
  return (await readdir(directory, { recursive: true })).join("\n");
}

const hexOf = (digest: string): string => digest.slice("sha256:".length);

describe("a forged older root that leads to the pinned one", () => {
  test("is neither adopted nor published again: one answer of a registry locks no client out [T132]", async () => {
    const { tags } = registry.repository(repo);
    const genuine = tags.get("latest") ?? "";
    const forged = await showForgedRoot();
    const adopted = await other.must(["adopt-metadata", repo, "root.json"]);
    expect(adopted.stderr).toMatch(/left out root 2 and every older one[^]*get-root fred\/demo --all/);
    expect(await filesOf(join(other.directory, "dtuf_repos"))).not.toContain(hexOf(forged));

    tags.set("latest", genuine);
    await mkdir(join(other.directory, "dtuf_repos", repo, "master/keys"), { recursive: true });
    for (const role of ["root", "targets", "snapshot", "timestamp"]) {
      const key = join("dtuf_repos", repo, "master/keys", `${role}_key`);
      await copyFile(join(publisher.directory, key), join(other.directory, key));
    }
    await other.must(["push-metadata", repo]);
    expect(latestLayers(registry).map(({ digest }) => digest)).not.toContain(forged);
    await publisher.must(["push-metadata", repo]);
    expect((await oldClient.must(["pull-target", repo, "demo.txt"])).stdout).toBe("as published\n");
  });

  test("in the place of one that was handed over is refused, and nothing is adopted", async () => {
    await showForgedRoot();
    const ran = await other.run(["adopt-metadata", repo, "chain.json"]);
    expect(ran).toMatchObject({ status: 6, stdout: "" });
    expect(ran.stderr).toContain("MASTER_CHAIN_DIFFERS");
    expect((await other.run(["list-master-targets", repo])).stderr).toContain("MASTER_METADATA_MISSING");
  });

  test("is not mirrored, and that it was left out is said [T132]", async () => {
    const forged = await showForgedRoot();
    const source = `docker://${registry.host}/${repo}`;
    const tls = ["--src-tls-verify", "false"];
    const ran = await other.must(["sync", "--tuf", "root.json", ...tls, source, "oci:mirror"]);
    expect(ran.stderr).toContain("left out root 2 and every older one");
    expect(await filesOf(join(other.directory, "mirror"))).not.toContain(hexOf(forged));
  });
});

describe("the whole chain, handed over in one file", () => {
  test("lets a mirror serve the roots that its source forges, so that an old client follows [T132]", async () => {
    const forged = await showForgedRoot();
    const source = `docker://${registry.host}/${repo}`;
    const ran = await other.must(["sync", "--tuf", "chain.json", "--src-tls-verify", "false", source, "oci:mirror"]);
    expect(ran.stderr).not.toContain("left out");
    expect(await filesOf(join(other.directory, "mirror"))).not.toContain(hexOf(forged));
    await mkdir(join(oldClient.directory, "registry/fred"), { recursive: true });
    await rename(join(other.directory, "mirror"), join(oldClient.directory, "registry", repo));
    oldClient.environment["DTUF_HOST"] = "oci:registry";
    const pulled = await oldClient.must(["pull-metadata", repo, "--json"]);
    expect(JSON.parse(pulled.stdout)).toMatchObject({ versions: { root: 3 }, pin: { version: 1 } });
    expect((await oldClient.must(["pull-target", repo, "demo.txt"])).stdout).toBe("as published\n");
  });

  test("pins its newest root, and moves an older pin without a request", async () => {
    const before = registry.requests.length;
    await oldClient.must(["pin", repo, "-"], await readFile(join(other.directory, "chain.json")));
    expect(registry.requests.length).toBe(before);
    expect((await oldClient.must(["pull-metadata", repo, "--json"])).stdout).toMatch(/"pin": \{\s*"version": 3/);
    expect((await other.must(["pull-metadata", repo, "chain.json"])).stdout).toBe("demo.txt\n");
  });
});

describe("a first pin by key, from a registry that names roots beyond every version", () => {
  test("ends: the names are no versions, and nothing is pinned [T134]", async () => {
    const bytes = Buffer.from('{"signatures":[],"signed":{}}');
    const names = ["9999999999999999.root.json", "10000000000000000.root.json"];
    rewriteLatest(registry, (layers) => [
      ...names.map((name) => layerOf(name, bytes)),
      ...layers.filter((layer) => !fileNameOf(layer).endsWith("root.json")),
    ]);
    const key = await readFile(join(publisher.directory, "dtuf_repos", repo, "master/keys/root_key.pub"));
    const ran = await other.run(["pull-metadata", repo, "-"], key);
    expect(ran).toMatchObject({ status: 3, stdout: "" });
    expect(ran.stderr).toContain("COPY_NOT_PUBLISHED");
    expect((await other.run(["pull-metadata", repo])).stderr).toContain("COPY_NOT_PINNED");
  });
});
