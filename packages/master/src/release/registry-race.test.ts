/** Two publishers on a registry that has no compare-and-swap, each step of one between two requests of the other. */
import { latestTag, parseRelease } from "@dtuf/format";
import { digestOf, emptyConfig, parseTag, type Digest } from "@dtuf/registry";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { content } from "@dtuf/testing/oci-content";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master } from "../index.ts";

const { clock, open, clone } = usePublishers(createMaster);
let remote: RemoteRepository;
let master: Master;
let other: Master;
let root: Uint8Array;

beforeEach(async () => {
  remote = await createRemoteRepository();
  master = await establish(open("master", { store: remote.store }));
  root = await master.rootFile();
  await master.pushMetadata();
  other = await clone("other", { store: remote.store });
  await master.pushTarget("a", [content("A")]);
  await other.pushTarget("b", [content("B")]);
});
afterEach(() => remote[Symbol.asyncDispose]());

const read = async (name: string): Promise<string | undefined> =>
  readTarget(remote.store, await readRelease(remote.store, root, clock.now()), name);

const tagged = async (tag: string): Promise<Digest | undefined> =>
  (await remote.store.resolve(parseTag(tag), { want: "digest" }))?.descriptor.digest;

/** `latest`, and each release that it was built on, has the tag of its number. */
async function verifyNumbers(): Promise<void> {
  const all: (Digest | undefined)[] = [];
  for (let at = await tagged("latest"); at !== undefined;) {
    all.push(at);
    const found = await remote.store.resolve(at, { want: "bytes" });
    at = found?.bytes === undefined ? undefined : parseRelease(found.bytes).predecessor;
  }
  const numbers = await Promise.all(all.map((_, at) => tagged(`release.${all.length - at}`)));
  expect(all).toEqual(numbers);
}

const latest = /\/manifests\/latest$/;

/** Before the registry answers such a request of `master`, `other` publishes: `times` times. */
function interleave(method: string, path: RegExp, times: number): void {
  let left = times;
  let publishing = false;
  const mine = (): boolean => !publishing && left > 0;
  const run = async (): Promise<void> => {
    publishing = true;
    left--;
    await other.pushMetadata();
    publishing = false;
  };
  remote.registry.script({ match: { method, path, where: mine }, fault: { kind: "run", run } });
}

describe("another publisher that publishes", () => {
  test.for([
    ["before the release is sent", "PUT", /\/manifests\/release\.2$/],
    ["before the check of `latest`", "HEAD", latest],
  ] as const)("%s is first: the changes are applied to its release", async ([, method, path]) => {
    interleave(method, path, 1);
    await expect(master.pushMetadata()).resolves.toMatchObject({ rebased: 1 });
    expect([await read("a"), await read("b")]).toEqual(["A", "B"]);
    await verifyNumbers();
  });

  test("has its number back when the run that took it goes on after it was killed", async () => {
    const run = async (): Promise<void> => {
      await other.pushMetadata();
      remote.registry.script({ match: { path: latest }, fault: { kind: "answer", status: 403 } });
    };
    let runs = 0;
    const match = { method: "PUT", path: /release\.2$/, where: () => runs++ === 0 };
    remote.registry.script({ match, fault: { kind: "run", run } });
    await expect(master.pushMetadata()).rejects.toMatchObject({ code: "OCI_FORBIDDEN" });
    remote.registry.clearScript();
    await other.pushTarget("c", [content("C")]);
    await other.pushMetadata();
    await master.pushMetadata();
    await verifyNumbers();
    expect([await read("a"), await read("b"), await read("c")]).toEqual(["A", "B", "C"]);
  });

  test("between the look and the move is seen at the next number: the changes are made again on its release", async () => {
    interleave("PUT", latest, 1);
    await expect(master.pushMetadata()).resolves.toMatchObject({ rebased: 1 });
    expect([await read("a"), await read("b")]).toEqual(["A", "B"]);
    await other.pushMetadata();
    expect([await read("a"), await read("b")]).toEqual(["A", "B"]);
  });

  test("before every look is given way to, builds on what was sent, and loses nothing", async () => {
    interleave("HEAD", latest, Infinity);
    await expectRefused(master.pushMetadata(), "MASTER_PUBLISHER_RACE", { details: { tries: 9 } });
    remote.registry.clearScript();
    expect([await read("a"), await read("b")]).toEqual(["A", "B"]);
    await master.pushMetadata();
    expect([await read("a"), await read("b")]).toEqual(["A", "B"]);
  });
});

describe("a registry", () => {
  test("that shows the old `latest` after the move is asked again, and nothing is lost by it", async () => {
    const before = await remote.store.resolve(latestTag, { want: "digest" });
    let moved = false;
    const { registry } = remote;
    registry.script({ match: { method: "PUT", path: latest }, fault: { kind: "run", run: () => void (moved = true) } });
    const digest = before?.descriptor.digest ?? "";
    const change = { kind: "change", headers: { "docker-content-digest": digest } } as const;
    registry.script({ match: { method: "HEAD", path: latest, where: () => moved }, times: 1, fault: change });
    await expect(master.pushMetadata()).resolves.toMatchObject({ rebased: 0 });
    expect(await read("a")).toBe("A");
    expect((await master.staged()).targets).toEqual([]);
  });

  test.for(["the root", "the empty config"])(
    "that has lost %s, which the last release and every target refer to, gets it again when it refuses a manifest",
    async (what) => {
      const { blobs } = remote.registry.repository("fred/demo");
      const { digest } = what === "the root" ? { digest: digestOf(root) } : emptyConfig;
      expect(blobs.delete(digest)).toBe(true);
      if (what === "the root") await master.refreshMetadata();
      else await master.pushTarget("c", [content("C")]);
      expect(blobs.has(digest)).toBe(true);
      await master.pushMetadata();
      expect(await read("a")).toBe("A");
    },
  );

  test("that denies access is named in the error, and the record and the staged changes stay", async () => {
    remote.registry.script({ match: { method: "PUT", path: latest }, fault: { kind: "answer", status: 403 } });
    await expectRefused(master.pushMetadata(), "OCI_FORBIDDEN");
    remote.registry.clearScript();
    expect(await read("a")).toBeUndefined();
    await master.pushMetadata();
    expect(await read("a")).toBe("A");
  });

  test("whose answer to the move is cut off has published, and the next run detects it", async () => {
    remote.registry.script({ match: { method: "PUT", path: latest }, fault: { kind: "drop", when: "after" } });
    await expectRefused(master.pushMetadata(), "OCI_UNAVAILABLE");
    remote.registry.clearScript();
    await master.pushTarget("c", [content("C")]);
    await expect(master.pushMetadata()).resolves.toMatchObject({ changed: [{ path: "c" }] });
    expect([await read("a"), await read("c")]).toEqual(["A", "C"]);
  });
});
