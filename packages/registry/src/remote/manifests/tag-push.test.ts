import { putManifest } from "@dtuf/testing/oci-content";
import { createRemoteRepository } from "@dtuf/testing/remote-repository";
import { describe, expect, test } from "vitest";
import { emptyConfig, encodeImageManifest } from "../../oci/manifest.ts";
import { parseTag } from "../../oci/tag.ts";

const tag = parseTag("alias");

describe.for(["ECR", "Harbor"] as const)("a tag that may not be moved, as on %s,", (like) => {
  test("is set if it names that manifest already, and is refused by name if it names another", async () => {
    await using remote = await createRemoteRepository({ immutableTags: { which: "all", like } });
    const { descriptor, bytes } = await putManifest(remote.store);
    await remote.store.put(descriptor, bytes, { tags: [tag] });
    await remote.store.put(descriptor, bytes, { tags: [tag] });
    await remote.store.tag(tag, descriptor);
    const other = encodeImageManifest({ layers: [emptyConfig], artifactType: "application/vnd.example.other" });
    const details = { tag, wanted: other.descriptor.digest, got: descriptor.digest };
    const moved = remote.store.put(other.descriptor, other.bytes, { tags: [tag] });
    await expect(moved).rejects.toMatchObject({ code: "OCI_TAG_IMMUTABLE", details });
    expect((await remote.store.resolve(tag, { want: "digest" }))?.descriptor.digest).toBe(descriptor.digest);
  });
});
