import { randomBytes } from "node:crypto";
import { blobOf, sourceOf } from "@dtuf/testing/oci-content";
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import type { ByteStream, ContentSource } from "../../content.ts";
import { createDigester } from "../../oci/digest.ts";
import type { Progress } from "../../progress.ts";
import type { NewContent } from "../../store.ts";

const mebibyte = 1024 * 1024;
const bytes = randomBytes(5 * mebibyte + 17);
const blob = blobOf(bytes);

/** Counts how often the content is opened. */
function counted(source: ContentSource): NewContent & { readonly openings: number[] } {
  const openings: number[] = [];
  const open: ContentSource["open"] = (offset) => (openings.push(offset), source.open(offset));
  return { source: { open }, size: bytes.length, name: "part", openings };
}

/** Ends the connection in the middle of the content. */
const cut = { kind: "drop", when: "after", afterRequestBytes: 3 * mebibyte } as const;

const fresh = (): ReturnType<typeof counted> => counted(sourceOf(bytes, 100_000));

function isStored({ registry }: RemoteRepository): boolean {
  return bytes.equals(registry.repository("fred/demo").blobs.get(blob.digest) ?? Buffer.alloc(1));
}

function methods({ registry }: RemoteRepository): readonly string[] {
  return registry.requests.map(({ method }) => method);
}

describe("content that was not read before", () => {
  test("is read once: sent by one PATCH, named by the PUT after it, and reported by its name", async () => {
    await using remote = await createRemoteRepository();
    const content = fresh();
    const seen: Progress[] = [];
    expect(await remote.store.putNew(content, { onProgress: (progress) => seen.push(progress) })).toEqual(blob);
    expect(methods(remote)).toEqual(["POST", "PATCH", "PUT"]);
    expect(content.openings).toEqual([0]);
    expect(isStored(remote)).toBe(true);
    expect(remote.registry.violations).toEqual([]);
    expect(seen.at(-1)).toMatchObject({ step: "upload", name: "part", bytes: bytes.length, totalBytes: bytes.length });
  });

  test.each(["chunked", "stream"] as const)(
    "is put as known content if the registry is without %s",
    async (without) => {
      await using remote = await createRemoteRepository({ without: [without] });
      const observer = createDigester();
      expect(await remote.store.putNew({ ...fresh(), observers: [observer] })).toEqual(blob);
      expect(observer.digest()).toBe(blob.digest);
      expect(isStored(remote)).toBe(true);
      remote.registry.clearLog();
      expect(await remote.store.putNew(fresh())).toEqual(blob);
      // That the PATCH is refused was learnt, and the blob is there.
      expect(methods(remote)).toEqual(["POST"]);
    },
  );

  test("goes on where the registry got to after a cut; observers see each byte once", async () => {
    await using remote = await createRemoteRepository();
    remote.registry.script({ match: { method: "PATCH", nth: 1 }, fault: cut });
    const content = fresh();
    const observer = createDigester();
    expect(await remote.store.putNew({ ...content, observers: [observer] })).toEqual(blob);
    expect(observer.digest()).toBe(blob.digest);
    expect(isStored(remote)).toBe(true);
    expect(content.openings).toEqual([0, 0]);
    const sent = remote.registry.requests.filter(({ method }) => method === "PATCH" || method === "PUT");
    expect(sent.slice(1).reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)).toBeLessThan(3 * mebibyte);
  });

  test("that differs when its rest is read again after a cut is refused, and nothing is stored", async () => {
    await using remote = await createRemoteRepository();
    remote.registry.script({ match: { method: "PATCH", nth: 1 }, fault: cut });
    let readings = 0;
    const other = Buffer.from(bytes);
    other[other.length - 1] = (other[other.length - 1] ?? 0) ^ 1;
    const open: ContentSource["open"] = (at) => sourceOf(readings++ === 0 ? bytes : other, 100_000).open(at);
    await expectRefused(remote.store.putNew({ ...fresh(), source: { open } }), "OCI_DIGEST_MISMATCH");
    expect(remote.registry.repository("fred/demo").blobs.size).toBe(0);
  });

  test.each([
    ["shorter", bytes.length + 1],
    ["longer", bytes.length - 1],
  ])("that is %s than announced is refused, and nothing is stored", async (_, size) => {
    await using remote = await createRemoteRepository();
    await expectRefused(remote.store.putNew({ ...fresh(), size }), "OCI_SIZE_MISMATCH");
    expect(remote.registry.repository("fred/demo").blobs.size).toBe(0);
  });

  test("that cannot be read fails with that error", async () => {
    await using remote = await createRemoteRepository();
    const source: ContentSource = {
      async *open() {
        yield bytes.subarray(0, mebibyte);
        throw new TypeError("unplugged");
      },
    };
    await expect(remote.store.putNew({ ...fresh(), source })).rejects.toThrow("unplugged");
  });
});

describe("over a slow link", () => {
  /** A clock on which reading takes no time, and sending a chunk takes a second. */
  function slowLink(): { readonly now: () => Date; readonly content: ReturnType<typeof counted> } {
    let [ms, looksAfterRead] = [0, 2];
    const open = async function* (offset: number): ByteStream {
      for await (const chunk of sourceOf(bytes, 100_000).open(offset)) {
        looksAfterRead = 0;
        yield chunk;
      }
    };
    const now = (): Date => {
      if (looksAfterRead === 1) ms += 1000;
      looksAfterRead += 1;
      return new Date(ms);
    };
    return { now, content: counted({ open }) };
  }

  test("the registry is asked for it after two seconds, and it is not sent if it is there", async () => {
    const { now, content } = slowLink();
    await using remote = await createRemoteRepository({ client: { now } });
    remote.registry.repository("fred/demo").blobs.set(blob.digest, bytes);
    expect(await remote.store.putNew(content)).toEqual(blob);
    expect(content.openings).toEqual([0]);
    expect(methods(remote).filter((method) => method !== "PATCH")).toEqual(["POST", "HEAD", "DELETE"]);
  });

  test("the rest is sent if the registry does not have it", async () => {
    const { now, content } = slowLink();
    await using remote = await createRemoteRepository({ client: { now } });
    expect(await remote.store.putNew(content)).toEqual(blob);
    expect(methods(remote)).toContain("HEAD");
    expect(content.openings).toEqual([0, 0]);
    expect(isStored(remote)).toBe(true);
  });
});
