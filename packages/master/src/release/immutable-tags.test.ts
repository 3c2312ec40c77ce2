/** Publishing where the registry does not let tags be moved: `release.<n>` is the lock between publishers. */
import { latestTag, targetMediaType } from "@dtuf/format";
import { digestHex, digestOf } from "@dtuf/registry";
import { createPrivateKey, publicPem } from "@dtuf/testing/keys";
import { createSigner, parseTargetPath, signDocument, specVersion } from "@dtuf/tuf";
import type { HostileRegistryOptions } from "@dtuf/testing";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { content } from "@dtuf/testing/oci-content";
import { describe, expect, test } from "vitest";
import { createMaster, type Master } from "../index.ts";

const { clock, clone, open: openMaster } = usePublishers(createMaster);

type Which = NonNullable<HostileRegistryOptions["immutableTags"]>;

async function open(immutableTags: Which): Promise<{ remote: RemoteRepository; master: Master }> {
  const remote = await createRemoteRepository({ immutableTags });
  return { remote, master: await establish(openMaster("master", { store: remote.store })) };
}

async function read({ store }: RemoteRepository, master: Master, name: string): Promise<string | undefined> {
  return readTarget(store, await readRelease(store, await master.rootFile(), clock.now()), name);
}

describe.for(["ECR", "Harbor", "Artifactory", "a registry that says 409"] as const)(
  "where all tags but `latest` are immutable, as on %s,",
  (like) => {
    test("a target is published, published again, refreshed and pruned", async () => {
      const { remote, master } = await open({ which: "all but latest", like });
      await using _ = remote;
      await master.pushTarget("x", [content("X")]);
      await master.pushMetadata();
      await master.pushTarget("x", [content("X")]);
      await master.pushMetadata();
      await master.deleteTarget("x");
      await master.pushTarget("y", [content("Y")]);
      await master.pushMetadata();
      await master.refreshMetadata();
      clock.advance({ days: 10 });
      await master.pushMetadata();
      expect(await master.prune()).toMatchObject({ releases: [1, 2, 3] });
      expect([await read(remote, master, "x"), await read(remote, master, "y")]).toEqual([undefined, "Y"]);
      expect(remote.registry.violations).toEqual([]);
    });

    test("a number that another publisher's release took is given way to", async () => {
      const { remote, master } = await open({ which: "all but latest", like });
      await using _ = remote;
      await master.pushMetadata();
      const other = await clone("other", { store: remote.store });
      await master.pushTarget("a", [content("A")]);
      await other.pushTarget("b", [content("B")]);
      const path = /\/manifests\/release\.2$/;
      const run = async (): Promise<void> => void (await other.pushMetadata());
      remote.registry.script({ match: { method: "PUT", path }, times: 1, fault: { kind: "run", run } });
      await expect(master.pushMetadata()).resolves.toMatchObject({ rebased: 1, versions: { timestamp: 3 } });
      expect([await read(remote, master, "a"), await read(remote, master, "b")]).toEqual(["A", "B"]);
    });

    test("a release whose publisher was stopped before it moved `latest` is built on, and holds nobody up", async () => {
      const { remote, master } = await open({ which: "all but latest", like });
      await using _ = remote;
      await master.pushMetadata();
      const other = await clone("other", { store: remote.store });
      await other.pushTarget("b", [content("B")]);
      const path = /\/manifests\/latest$/;
      remote.registry.script({ match: { method: "PUT", path }, times: 1, fault: { kind: "answer", status: 403 } });
      await expect(other.pushMetadata()).rejects.toMatchObject({ code: "OCI_FORBIDDEN" });
      await master.pushTarget("a", [content("A")]);
      await master.pushMetadata();
      expect([await read(remote, master, "a"), await read(remote, master, "b")]).toEqual(["A", "B"]);
      await other.pushMetadata();
      expect([await read(remote, master, "a"), await read(remote, master, "b")]).toEqual(["A", "B"]);
    });

    test.for([0, 30])(
      "a publisher that built on a release which `latest` did not name, and was stopped too, goes on, %i days later",
      async (days) => {
        const { remote, master } = await open({ which: "all but latest", like });
        await using _ = remote;
        await master.pushMetadata();
        const other = await clone("other", { store: remote.store });
        await other.pushTarget("b", [content("B")]);
        await master.pushTarget("a", [content("A")]);
        const path = /\/manifests\/latest$/;
        remote.registry.script({ match: { method: "PUT", path }, times: 2, fault: { kind: "answer", status: 401 } });
        await expect(other.pushMetadata()).rejects.toMatchObject({ code: "OCI_UNAUTHORIZED" });
        await expect(master.pushMetadata()).rejects.toMatchObject({ code: "OCI_UNAUTHORIZED" });
        expect(await master.status({ registry: "check" })).toMatchObject({ registry: "newer" });
        clock.advance({ days });
        await master.pushMetadata();
        expect(await master.status({ registry: "check" })).toMatchObject({ registry: "same" });
        expect([await read(remote, master, "a"), await read(remote, master, "b")]).toEqual(["A", "B"]);
        await other.pushMetadata();
        expect([await read(remote, master, "a"), await read(remote, master, "b")]).toEqual(["A", "B"]);
      },
    );

    test("numbers that a stopped publisher passed over are taken by its next release, and go with it", async () => {
      const { remote, master } = await open({ which: "all but latest", like });
      await using _ = remote;
      await master.pushMetadata();
      const path = /\/manifests\//;
      remote.registry.script({ match: { method: "PUT", path }, times: 2, fault: { kind: "answer", status: 401 } });
      for (let stops = 0; stops < 2; stops++) await expect(master.pushMetadata()).rejects.toThrow("401");
      const { versions, release } = await master.pushMetadata();
      expect(versions.timestamp).toBe(4);
      const { tags } = remote.registry.repository("fred/demo");
      expect([2, 3, 4].map((number) => tags.get(`release.${number}`))).toEqual([release, release, release]);
      await master.pushMetadata();
      clock.advance({ days: 10 });
      await master.pushMetadata();
      expect(await master.prune()).toMatchObject({ releases: [1, 4] });
      expect([...tags.keys()].toSorted()).toEqual(["latest", "release.5", "release.6"]);
    });

    test("a delegated role is published and updated; its second tag stays at its first version", async () => {
      const { remote, master } = await open({ which: "all but latest", like });
      await using _ = remote;
      const key = createPrivateKey();
      const signRole = async (version: number, text: string): Promise<Uint8Array> => {
        const bytes = Buffer.from(text);
        const digest = digestOf(bytes);
        await remote.store.put({ mediaType: targetMediaType, digest, size: bytes.length }, bytes);
        const file = { length: bytes.length, hashes: new Map([["sha256", digestHex(digest)]]), unrecognized: {} };
        const targets = new Map([[parseTargetPath("tools/hammer"), file]]);
        const expires = new Date("2040-01-01");
        const document = { type: "targets", specVersion, version, expires, targets, unrecognized: {} } as const;
        return signDocument(document, [createSigner(key)]);
      };
      await master.delegate("tools", {
        paths: ["tools/*"],
        keys: [publicPem(key)],
        metadata: await signRole(1, "one"),
      });
      await master.pushMetadata();
      const { tags } = remote.registry.repository("fred/demo");
      const first = tags.get("tools");
      await master.updateRole("tools", await signRole(2, "two"));
      await master.pushMetadata();
      expect(await read(remote, master, "tools/hammer")).toBe("two");
      expect([tags.get("tools"), tags.get("meta.1.tools")]).toEqual([first, first]);
      expect(tags.get("meta.2.tools")).not.toBe(first);
      await master.refreshMetadata();
      expect(remote.registry.violations).toEqual([]);
    });

    test("`latest` too: the second publication is refused by name, and the first one stays", async () => {
      const { remote, master } = await open({ which: "all", like });
      await using _ = remote;
      await master.pushMetadata();
      const before = await remote.store.resolve(latestTag, { want: "digest" });
      await master.pushTarget("x", [content("X")]);
      const details = { tag: "latest", got: before?.descriptor.digest };
      await expect(master.pushMetadata()).rejects.toMatchObject({ code: "OCI_TAG_IMMUTABLE", details });
      expect(await remote.store.resolve(latestTag, { want: "digest" })).toEqual(before);
      expect((await master.staged()).targets).toMatchObject([{ path: "x", change: "add" }]);
    });
  },
);
