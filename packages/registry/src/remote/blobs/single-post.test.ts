import { randomBytes } from "node:crypto";
import { blobOf } from "@dtuf/testing/oci-content";
import { createRemoteRepository } from "@dtuf/testing/remote-repository";
import { expect, test } from "vitest";

test("a blob known to be absent is sent in the POST up to 4 MiB once a smaller one was, and up to 256 KiB before", async () => {
  await using remote = await createRemoteRepository();
  for (const size of [300 * 1024, 100, 3 * 1024 * 1024]) {
    const content = randomBytes(size);
    await remote.store.put(blobOf(content), content, { presence: "absent" });
    expect(await remote.store.has(blobOf(content))).toBe(true);
  }
  const methods = remote.registry.requests.map(({ method }) => method);
  expect(methods.filter((method) => method !== "HEAD")).toEqual(["POST", "PUT", "POST", "POST"]);
});
