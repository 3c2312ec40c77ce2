/** docs/publishing.md: one publisher, its timer, a runner, a client, and two other places. */
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { Typist } from "../typist.ts";
import { found, handOver, place, publisher, type Scene } from "./scene.ts";

interface Status {
  readonly published: { readonly versions: { readonly snapshot: number; readonly timestamp: number } };
}

async function statusOf(typist: Typist): Promise<Status> {
  return JSON.parse(await typist.must(publisher, "dtuf status fred/demo --json")) as Status;
}

const days = 86_400_000;

export const publishing: Scene = {
  page: "docs/publishing.md",
  words: {
    // 16,384 bins are 12 seconds.
    "--count 16384": "--count 16",
    "--count 256": "--count 8",
    "registry.example.com/fred/demo": "oci:../elsewhere/fred/demo",
    "DTUF_HOST=registry.example.com": "DTUF_HOST=oci:../elsewhere",
    "oci:dtuf_registry": "oci:../registry",
  },
  async prepare(typist) {
    await found(typist);
    await typist.must(publisher, "dtuf push-metadata fred/demo --record-out demo.record");
    for (const file of ["app-1.5.tgz", "disk.img", "app.tgz", "app", "app-1.3"]) {
      await place(typist, `me/${file}`, file.repeat(150_000));
    }
  },
  before: {
    async "dtuf adopt-metadata fred/demo root.json"(typist) {
      await handOver(typist, "timer", ["timestamp", "snapshot"]);
      await typist.must(publisher, "cp demo.record ../timer/");
      return "timer";
    },
    "dtuf publish fred/demo demo.txt": async (typist) => {
      await place(typist, "me/demo.txt", "Hello again\n");
      return publisher;
    },
    "dtuf add-key fred/demo root alice.pub": async (typist) => {
      await typist.must(publisher, "cp keys/alice.pub alice.pub");
    },
    async "dtuf adopt-metadata fred/demo root.json --expect-snapshot 9"(typist) {
      const { published } = await statusOf(typist);
      typist.words.set("--expect-snapshot 9", `--expect-snapshot ${published.versions.snapshot}`);
      await handOver(typist, "runner", ["timestamp", "snapshot"]);
      const now = typist.now();
      typist.now = () => new Date(now.getTime() + 2 * days);
      expect(await typist.type("runner", "dtuf refresh-metadata fred/demo")).toMatchObject({ status: 3 });
      return "runner";
    },
    "dtuf sync --tuf": async () => publisher,
    async "dtuf import-repository"(typist) {
      await typist.must(publisher, "dtuf export-repository fred/demo site --root root.json");
      await typist.must(publisher, "cp root.json ../taker/");
      const site = `file://${join(typist.directory, publisher, "site/metadata/")}`;
      typist.words.set("https://tuf.example.com/metadata/", site);
      typist.environment.set("DTUF_HOST", "oci:../taken");
      return "taker";
    },
    async "dtuf create-bins"(typist) {
      typist.environment.set("DTUF_HOST", "oci:../elsewhere");
      return publisher;
    },
    // Another repository, because in this one the bins are those of targets.
    async "dtuf create-bins fred/demo --count 256 --from tools"(typist) {
      typist.environment.set("DTUF_HOST", "oci:../divided");
      await typist.must("delegate", "dtuf init fred/demo");
      await typist.must("delegate", "dtuf create-key dora");
      await typist.must("delegate", "dtuf delegate-role fred/demo tools --path 'tools/*' --key dora.pub");
      await typist.must("delegate", "dtuf push-metadata fred/demo");
      return "delegate";
    },
    async "dtuf push-target fred/demo disk.img"(typist) {
      await typist.must("delegate", "dtuf accept fred/demo tools");
      expect(await typist.must("delegate", "dtuf list-keys fred/demo")).toContain("tools");
      typist.environment.set("DTUF_HOST", "oci:../elsewhere");
      return publisher;
    },
    async "dtuf pull-target"(typist) {
      await typist.must(publisher, "dtuf push-metadata fred/demo");
      await typist.must(publisher, "cp root.json ../client/");
      await typist.must("client", "dtuf pin fred/demo root.json");
      await mkdir(join(typist.directory, "old"));
      await place(typist, "old/disk.img", "disk.img".repeat(149_999));
      return "client";
    },
    "dtuf push-target fred/demo disk.img ./disk.img --part-size": async () => publisher,
    async "dtuf push-target fred/demo app ./app --patch-from published"(typist) {
      await typist.must(publisher, "dtuf publish fred/demo app");
      const { published } = await statusOf(typist);
      typist.words.set("release.12", `release.${published.versions.timestamp}`);
      await place(typist, "me/dist/app-1.6.tgz");
      await rename(join(typist.directory, "me/app"), join(typist.directory, "me/app-1.2"));
      await place(typist, "me/app", `${"app".repeat(150_000)}!`);
      return publisher;
    },
    "dtuf export-repository": async (typist) => {
      typist.environment.set("DTUF_TIMESTAMP_LIFETIME", "1w");
      await typist.must(publisher, "dtuf push-metadata fred/demo");
    },
  },
  async after(typist) {
    await typist.must("client", "dtuf pull fred/demo --output files/");
    expect(await typist.must("client", "dtuf list-copy-targets fred/demo")).toContain("app-1.5.tgz\n");
  },
};
