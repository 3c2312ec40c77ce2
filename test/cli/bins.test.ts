/** Hash bins through the commands: publishing, pulling, checking and carrying to other places, and other TUF clients. */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { useHostileRegistry } from "@dtuf/testing/scene/registry";
import { beforeAll, describe, expect, test } from "vitest";
import { Updater } from "tuf-js";
import { servePlain } from "../interop/plain-server.ts";
import { useMachineOf } from "./use-machine.ts";

const repo = "fred/demo";
const registry = useHostileRegistry("all tests");
const signing = { DTUF_KEY_PASSWORD: "", DTUF_SIGNERS_FILE: "signers.json" };
const publisher = useMachineOf(registry, signing, "all tests");
const client = useMachineOf(registry, signing, "all tests");

beforeAll(async () => {
  await mkdir(join(publisher.directory, "dir"));
  for (const name of ["a", "b", "c", "d"])
    await writeFile(join(publisher.directory, "dir", name), `content of ${name}`);
  await publisher.must(["init", repo]);
  await publisher.must(["push-targets", repo, "dir"]);
  await publisher.must(["push-metadata", repo]);
  await writeFile(join(client.directory, "root.json"), (await publisher.must(["get-root", repo])).bytes);
  await publisher.must(["create-bins", repo, "--count", "16"]);
  await publisher.must(["push-metadata", repo]);
});

describe("a repository with hash bins", () => {
  test("is pulled from, and a target published since is found in its bin", async () => {
    expect((await client.must(["pull", repo, "a", "--root", "root.json", "--output", "-"])).stdout).toBe(
      "content of a",
    );
    await writeFile(join(publisher.directory, "new"), "new content");
    await publisher.must(["publish", repo, "new"]);
    expect((await client.must(["pull", repo, "new", "--output", "-"])).stdout).toBe("new content");
    expect((await publisher.must(["list-master-targets", repo])).stdout.split("\n")).toHaveLength(6);
  });

  test("takes one more target in 12 requests: its bin was read when it was pushed, and is written with its manifest", async () => {
    await writeFile(join(publisher.directory, "more"), "more content");
    await publisher.must(["push-target", repo, "more", "more"]);
    registry.clearLog();
    await publisher.must(["push-metadata", repo]);
    const shown = registry.requests.map(
      ({ method, path }) => `${method} ${path.replace(/^.*demo\/([a-z]+).*$/, "$1")}`,
    );
    expect(shown).toHaveLength(12);
    expect(shown.filter((line) => line === "POST blobs")).toHaveLength(3);
    expect(registry.requests.filter(({ path }) => /\/meta\.\d+\.bins-/.test(path))).toHaveLength(1);
  });

  test("is carried to a layout, an archive and a plain tree, and verified there", async () => {
    const from = `docker://${registry.host}/${repo}`;
    await client.must(["sync", from, "oci:carried", "--tuf", "root.json"]);
    await client.must(["verify-repository", "oci:carried", "--root", "root.json", "--all"]);
    await client.must(["export", from, "demo.tar", "--tuf", "root.json"]);
    await client.must(["import", "demo.tar", "oci:imported", "--tuf", "root.json"]);
    expect((await client.must(["pull", "oci:imported", "b", "--root", "root.json", "--output", "-"])).stdout).toBe(
      "content of b",
    );
  });

  test("is read by tuf-js, as a plain tree over HTTP", async () => {
    const from = `docker://${registry.host}/${repo}`;
    await client.must(["export-repository", from, "site", "--root", "root.json"]);
    await using server = await servePlain(join(client.directory, "site"));
    const state = join(client.directory, "tuf-js");
    await mkdir(join(state, "targets"), { recursive: true });
    await copyFile(join(client.directory, "root.json"), join(state, "root.json"));
    const updater = new Updater({
      metadataDir: state,
      metadataBaseUrl: String(server.url("/metadata")),
      targetDir: join(state, "targets"),
      targetBaseUrl: String(server.url("/targets")),
    });
    await updater.refresh();
    for (const [name, content] of [
      ["a", "content of a"],
      ["new", "new content"],
    ] as const) {
      const target = await updater.getTargetInfo(name);
      if (target === undefined) throw new TypeError(`tuf-js does not find ${name}`);
      expect(await readFile(await updater.downloadTarget(target), "utf8")).toBe(content);
    }
    expect(await updater.getTargetInfo("none")).toBeUndefined();
  });

  test("a refresh and a prune leave it whole", async () => {
    await publisher.must(["refresh-metadata", repo]);
    await publisher.must(["prune", repo]);
    const from = `docker://${registry.host}/${repo}`;
    expect(await client.run(["verify-repository", from, "--root", "root.json", "--all"])).toMatchObject({ status: 0 });
  });

  test("another number of them is shown before it is published", async () => {
    await publisher.must(["resize-bins", repo, "--count", "64"]);
    expect((await publisher.run(["status", repo])).stdout).toContain("64 hash bins");
    expect((await publisher.must(["diff", repo])).stdout).toContain("16 hash bins -> 64 hash bins");
    await publisher.must(["push-metadata", repo]);
    expect((await client.must(["pull", repo, "a", "--output", "-"])).stdout).toBe("content of a");
  });

  test("is beside a role with bins of its own, which is proposed, shown in a few lines, and pulled from", async () => {
    const [team, signers] = ["fred/team", ["--signer", "file2:dora"]];
    await publisher.must(["init", team]);
    await publisher.must(["create-key", "dora"]);
    await publisher.must(["delegate-role", team, "tools", "--path", "tools/*", "--key", "dora.pub", ...signers]);
    await publisher.must(["push-metadata", team]);
    await publisher.must(["push-target", team, "tools/a", "new", "--role", "tools"]);
    expect((await publisher.must(["create-bins", team, "--count", "256", "--from", "tools"])).stderr).toContain(
      "propose fred/team --role tools",
    );
    const shown = (await publisher.must(["propose", team, "--role", "tools", ...signers])).stdout;
    expect(shown).toContain("256 hash bins from tools.bins-00 on: signed by");
    expect(shown.split("\n").length).toBeLessThan(20);
    expect((await publisher.must(["review", team, "tools"])).stdout).toContain("tools: add tools/a");
    await publisher.must(["accept", team, "tools"]);
    await writeFile(join(client.directory, "team.json"), (await publisher.must(["get-root", team])).bytes);
    const pull = ["pull", team, "tools/a", "--root", "team.json", "--output", "-"];
    expect((await client.must(pull)).stdout).toBe("new content");
    expect((await client.must(["list-copy-targets", team])).stdout).toContain("tools/a");
    const from = `docker://${registry.host}/${team}`;
    await client.must(["verify-repository", from, "--root", "team.json", "--all"]);
    await client.must(["sync", from, "oci:team", "--tuf", "team.json"]);
    await client.must(["verify-repository", "oci:team", "--root", "team.json", "--all"]);
    await publisher.must(["resize-bins", team, "--count", "2", "--role", "tools"]);
    await publisher.must(["propose", team, "--role", "tools", ...signers]);
    await publisher.must(["accept", team, "tools"]);
    expect((await client.must(["pull", team, "tools/a", "--output", "-"])).stdout).toBe("new content");
  });

  test("wrong numbers and other delegations are usage errors, and nothing is staged", async () => {
    for (const [words, message] of [
      [["create-bins", repo, "--count", "3"], "a power of two"],
      [["create-bins", repo, "--count", "1"], "--count"],
      [["create-bins", repo], "wanted --count"],
      [["create-bins", repo, "--count", "32"], "resize"],
      [["resize-bins", repo, "--count", "12"], "a power of two"],
      [["create-bins", repo, "--count", "32", "--from", "root"], "top-level"],
      [["resize-bins", repo, "--count", "32", "--role", "root"], "top-level"],
    ] as const) {
      const ran = await publisher.run(words);
      expect(ran).toMatchObject({ status: 2, stdout: "" });
      expect(ran.stderr).toContain(message);
    }
    expect((await publisher.run(["status", repo])).stdout).not.toContain("staged");
  });
});
