import { blobOf, putManifest } from "@dtuf/testing/oci-content";
import { createRemoteRepository } from "@dtuf/testing/remote-repository";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { parseTag } from "../../oci/tag.ts";

const [one, two] = [parseTag("one"), parseTag("two")];

describe("deleting a tag", () => {
  test.each([
    ["if the registry deletes tags", {}],
    ["if the registry deletes manifests only", { without: ["tag-delete"] }],
  ] as const)("leaves the manifest and its other tags, %s", async (_how, options) => {
    await using remote = await createRemoteRepository(options);
    const { descriptor } = await putManifest(remote.store);
    await remote.store.tag(one, descriptor);
    await remote.store.tag(two, descriptor);
    expect(await remote.store.deleteTag(one)).toBe(true);
    expect(await remote.store.resolve(one, { want: "digest" })).toBeUndefined();
    expect((await remote.store.resolve(two, { want: "digest" }))?.descriptor.digest).toBe(descriptor.digest);
    expect(await remote.store.deleteTag(one)).toBe(false);
  });

  test("is refused, and moves nothing, if the registry deletes nothing", async () => {
    await using remote = await createRemoteRepository({ without: ["tag-delete", "manifest-delete"] });
    const { descriptor } = await putManifest(remote.store);
    await remote.store.tag(one, descriptor);
    await expectRefused(remote.store.deleteTag(one), "OCI_UNSUPPORTED");
    expect((await remote.store.resolve(one, { want: "digest" }))?.descriptor.digest).toBe(descriptor.digest);
  });

  test.for(["ECR", "Harbor", "Artifactory", "a registry that says 409"] as const)(
    "is not supported, and moves nothing, if the tag is immutable and only manifests can be deleted, as on %s",
    async (like) => {
      const immutableTags = { which: "all", like } as const;
      await using remote = await createRemoteRepository({ without: ["tag-delete"], immutableTags });
      const { descriptor } = await putManifest(remote.store);
      await remote.store.tag(one, descriptor);
      await expectRefused(remote.store.deleteTag(one), "OCI_UNSUPPORTED");
      expect((await remote.store.resolve(one, { want: "digest" }))?.descriptor.digest).toBe(descriptor.digest);
    },
  );

  test.for([
    [403, "OCI_FORBIDDEN"],
    [404, "OCI_UNSUPPORTED"],
    [405, "OCI_UNSUPPORTED"],
  ] as const)("restores the tag, and is an error, if the last step is answered with %i", async ([status, code]) => {
    await using remote = await createRemoteRepository({ without: ["tag-delete"] });
    const { descriptor } = await putManifest(remote.store);
    await remote.store.tag(one, descriptor);
    const path = /manifests\/sha256/;
    remote.registry.script({ match: { method: "DELETE", path, nth: 2 }, fault: { kind: "answer", status } });
    await expectRefused(remote.store.deleteTag(one), code);
    expect((await remote.store.resolve(one, { want: "digest" }))?.descriptor.digest).toBe(descriptor.digest);
  });

  test("leaves a tag that another publisher moves meanwhile, and is an error", async () => {
    await using remote = await createRemoteRepository({ without: ["tag-delete"] });
    const [{ descriptor }, other] = [await putManifest(remote.store), await putManifest(remote.store)];
    await remote.store.tag(one, descriptor);
    const move = (): void => void remote.registry.repository("fred/demo").tags.set(one, other.descriptor.digest);
    const match = { method: "DELETE", path: /manifests\/sha256/, nth: 2 };
    remote.registry.script({ match, fault: { kind: "run", run: move } });
    remote.registry.script({ match, fault: { kind: "answer", status: 405 } });
    await expectRefused(remote.store.deleteTag(one), "OCI_UNSUPPORTED");
    expect((await remote.store.resolve(one, { want: "digest" }))?.descriptor.digest).toBe(other.descriptor.digest);
  });
});

describe("deleting a manifest", () => {
  test("deletes its tags too, and returns whether it existed", async () => {
    await using remote = await createRemoteRepository();
    const { descriptor } = await putManifest(remote.store);
    await remote.store.tag(one, descriptor);
    expect(await remote.store.deleteManifest(descriptor.digest)).toBe(true);
    expect(await remote.store.resolve(one, { want: "digest" })).toBeUndefined();
    expect(await remote.store.deleteManifest(descriptor.digest)).toBe(false);
  });

  test("is refused if the registry does not allow it", async () => {
    await using remote = await createRemoteRepository({ without: ["manifest-delete"] });
    const { descriptor } = await putManifest(remote.store);
    await expectRefused(remote.store.deleteManifest(descriptor.digest), "OCI_UNSUPPORTED");
  });

  test("is refused if the registry answers 404 and still has it", async () => {
    await using remote = await createRemoteRepository();
    const { descriptor } = await putManifest(remote.store);
    remote.registry.script({ match: { method: "DELETE" }, fault: { kind: "answer", status: 404 } });
    await expectRefused(remote.store.deleteManifest(descriptor.digest), "OCI_UNSUPPORTED");
  });
});

describe("deleting a blob", () => {
  test("returns whether it existed", async () => {
    await using remote = await createRemoteRepository();
    const bytes = Buffer.from("content");
    await remote.store.put(blobOf(bytes), bytes);
    expect(await remote.store.deleteBlob(blobOf(bytes).digest)).toBe(true);
    expect(await remote.store.deleteBlob(blobOf(bytes).digest)).toBe(false);
  });

  test("is refused if the registry does not allow it", async () => {
    await using remote = await createRemoteRepository({ without: ["blob-delete"] });
    const bytes = Buffer.from("content");
    await remote.store.put(blobOf(bytes), bytes);
    await expectRefused(remote.store.deleteBlob(blobOf(bytes).digest), "OCI_UNSUPPORTED");
  });
});
